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
  const first = new Map<string, string>();
  return projects.flatMap(({ name, file }) => {
    const other = first.get(name);
    if (other === undefined) {
      first.set(name, file);
      return [];
    }
    const message = `project "${name}" is in two folders: here and in ${other}`;
    return [{ message, place: { file }, hint: "give one of them another name" }];
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

/** Files open at one time: few beside any limit, enough to keep Node's four file threads busy. */
const CHUNK = 32;

async function inChunks<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let at = 0; at < items.length; at += CHUNK)
    results.push(...(await Promise.all(items.slice(at, at + CHUNK).map(work))));
  return results;
}

/** Reads the tree below `root` (a real path); every problem of every file. */
export async function findStacks(root: string): Promise<FoundStacks> {
  const tree = await findProjects(root);
  const problems: Problem[] = [...tree.problems];
  const projects: Project[] = [];
  for (const read of await inChunks(tree.projects, ({ files }) => readProjectFile(root, files[0] ?? ""))) {
    if ("problems" in read) problems.push(...read.problems);
    else projects.push(read.value);
  }
  problems.push(...tree.projects.flatMap(severalFiles), ...twice(projects));
  const stacks: StackDefinition[] = [];
  for (const found of await inChunks(projects, project => stacksOf(root, project))) {
    problems.push(...found.problems);
    stacks.push(...found.stacks);
  }
  return { stacks, problems };
}
