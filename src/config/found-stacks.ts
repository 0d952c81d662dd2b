/** All projects and stacks of a checkout, as Pulumi's own files say, and what of them cannot be known. */
import path from "node:path";
import type { Problem } from "../engine/failure.ts";
import type { Flaw, StackDefinition } from "../engine/ports/stack.ts";
import { readProjectFile, type BadProject, type Project } from "./project-file.ts";
import { findProjects, findStackFiles, type ProjectFolder } from "./project-tree.ts";
import { DEFAULT_SETTINGS } from "./stack-settings.ts";

/** Those that no flaw concerns. */
export function sound(stacks: readonly StackDefinition[], flaws: readonly Flaw[]): StackDefinition[] {
  const concerned = new Set(flaws.flatMap(flaw => flaw.stacks));
  return stacks.filter(({ name }) => !concerned.has(name));
}

export interface FoundStacks {
  readonly stacks: readonly StackDefinition[];
  readonly flaws: readonly Flaw[];
  /** They concern every stack. */
  readonly problems: readonly Problem[];
}

type Parts = Pick<FoundStacks, "stacks" | "flaws">;

const fileEnding = (file: string): string => path.posix.extname(file);

async function stacksOf(root: string, project: Project): Promise<Parts> {
  const { name, folder, runtime, main, stackFolder, file } = project;
  const { stacks, problems } = await findStackFiles(root, stackFolder, fileEnding(file));
  // A stack of this project that is missing may be the one whose file has a name that no stack can have.
  const flaw: Flaw = { problems, stacks: [], project: { folder, name, stacks: [] } };
  return {
    flaws: problems.length > 0 ? [flaw] : [],
    stacks: stacks.map(({ stack, file: stackFile }) => ({
      name: `${name}/${stack}`,
      project: name,
      stack,
      folder,
      stackFile,
      runtime,
      ...(main === undefined ? {} : { main }),
      settings: DEFAULT_SETTINGS,
    })),
  };
}

/** A project that cannot be read: its stacks by name where the file says as much, else by their files alone. */
async function flawOf(root: string, { folder, files }: ProjectFolder, bad: BadProject): Promise<Flaw> {
  const { name, stackFolder = folder } = bad;
  const seen = await findStackFiles(root, stackFolder, fileEnding(files[0] ?? ""));
  const stacks = seen.stacks.map(({ stack }) => stack);
  return {
    problems: [...bad.problems, ...seen.problems],
    stacks: name === undefined ? [] : stacks.map(stack => `${name}/${stack}`),
    project: { folder, stacks, ...(name === undefined ? {} : { name }) },
  };
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

type Read = { readonly project: Project } | { readonly flaw: Flaw };

async function readProject(root: string, at: ProjectFolder): Promise<Read> {
  const several = severalFiles(at);
  const read = await readProjectFile(root, at.files[0] ?? "");
  if ("value" in read && several.length === 0) return { project: read.value };
  // Of several files nobody knows which counts, and so not what its stacks are called.
  const known = several.length > 0 ? {} : read;
  const problems = [...several, ...("problems" in read ? read.problems : [])];
  return { flaw: await flawOf(root, at, { ...known, problems }) };
}

/** Projects of one name: whose its stacks are cannot be said, so it is said of all of them. */
function twice(projects: readonly Project[]) {
  const named = [...Map.groupBy(projects, ({ name }) => name)].filter(([, some]) => some.length > 1);
  return named.map(([name, [first, ...others]]) => ({
    name,
    folder: first?.folder ?? "",
    problems: others.map(({ file }) => ({
      message: `project "${name}" is in two folders: here and in ${first?.file ?? ""}`,
      place: { file },
      hint: "give one of them another name",
    })),
  }));
}

function judgeNames(projects: readonly Project[], { stacks, flaws }: Parts): Parts {
  const more = twice(projects).map(({ name, folder, problems }): Flaw => {
    const own = stacks.filter(({ project }) => project === name).map(stack => stack.name);
    return { problems, stacks: [...new Set(own)], project: { folder, name, stacks: [] } };
  });
  return { stacks, flaws: [...flaws, ...more] };
}

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
  const read = await inChunks(tree.projects, at => readProject(root, at));
  const projects = read.flatMap(one => ("project" in one ? [one.project] : []));
  const found = await inChunks(projects, project => stacksOf(root, project));
  const all = {
    stacks: found.flatMap(({ stacks }) => stacks),
    flaws: [
      ...read.flatMap(one => ("flaw" in one ? [one.flaw] : [])),
      ...found.flatMap(({ flaws }) => flaws),
    ],
  };
  const { stacks, flaws } = judgeNames(projects, all);
  return { stacks: sound(stacks, flaws), flaws, problems: tree.problems };
}
