/** All projects and stacks of a checkout, as Pulumi's own files say. */
import path from "node:path";
import type { Problem } from "../engine/failure.ts";
import type { StackDefinition } from "../engine/ports/stack.ts";
import { readProjectFile, type Project } from "./project-file.ts";
import { findProjects, findStackFiles, type ProjectFolder } from "./project-tree.ts";
import { DEFAULT_SETTINGS } from "./stack-settings.ts";

export interface FoundStacks {
  readonly stacks: readonly StackDefinition[];
  readonly problems: readonly Problem[];
}

async function stacksOf(root: string, project: Project): Promise<FoundStacks> {
  const { stacks, problems } = await findStackFiles(
    root,
    project.stackFolder,
    path.posix.extname(project.file),
  );
  const { name, folder, runtime, main } = project;
  return {
    problems,
    stacks: stacks.map(({ stack, file }) => ({
      name: `${name}/${stack}`,
      project: name,
      stack,
      folder,
      stackFile: file,
      runtime,
      ...(main === undefined ? {} : { main }),
      settings: DEFAULT_SETTINGS,
    })),
  };
}

function twice(projects: readonly Project[]): Problem[] {
  return projects.flatMap((project, index) => {
    const first = projects.findIndex(({ name }) => name === project.name);
    if (first === index) return [];
    const message = `project "${project.name}" is in two folders: here and in ${projects[first]?.file ?? ""}`;
    return [{ message, place: { file: project.file }, hint: "give one of them another name" }];
  });
}

const severalFiles = ({ files }: ProjectFolder): Problem[] =>
  files.length === 1
    ? []
    : [
        {
          message: `more than one project file in this folder: ${files.join(", ")}`,
          place: { file: files[0] ?? "" },
          hint: "keep one",
        },
      ];

/** Reads the tree below `root`; every problem of every file. */
export async function findStacks(root: string): Promise<FoundStacks> {
  const tree = await findProjects(root);
  const problems: Problem[] = [...tree.problems];
  const projects: Project[] = [];
  for (const folder of tree.projects) {
    problems.push(...severalFiles(folder));
    const read = await readProjectFile(root, folder.files[0] ?? "");
    if ("problems" in read) problems.push(...read.problems);
    else projects.push(read.value);
  }
  problems.push(...twice(projects));
  const stacks: StackDefinition[] = [];
  for (const project of projects) {
    const found = await stacksOf(root, project);
    problems.push(...found.problems);
    stacks.push(...found.stacks);
  }
  return { stacks, problems };
}
