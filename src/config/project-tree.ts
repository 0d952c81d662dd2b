/** Finds Pulumi's files in a checkout. */
import type { Dirent } from "node:fs";
import { readdir } from "node:fs/promises";
import path from "node:path";
import type { Problem } from "../engine/failure.ts";
import { resolveInside } from "./checkout-file.ts";

/** Deeper than this nobody lays out a repository; it bounds what a hostile tree can cost. */
export const MAX_DEPTH = 16;
/** Folders looked into: above a large monorepo's, a second's work. */
export const MAX_FOLDERS = 50_000;
/** Projects of one repository: ten times the largest estate that we design for. */
export const MAX_PROJECTS = 10_000;

/** What Pulumi takes as a project file (sdk/go/common/workspace/paths.go, encoding.Exts). */
const PROJECT_FILE = /^Pulumi\.(yaml|yml|json)$/;

/** A folder's project files; more than one is a mistake for the caller to name. Paths relative to the root. */
export interface ProjectFolder {
  readonly folder: string;
  readonly files: readonly string[];
}

export interface Tree {
  readonly projects: readonly ProjectFolder[];
  readonly problems: readonly Problem[];
}

const isSkipped = (name: string): boolean => name === "node_modules" || name.startsWith(".");
const join = (folder: string, name: string): string => (folder ? `${folder}/${name}` : name);

/** Walks the tree, sorted, links to folders not followed. */
export async function findProjects(root: string): Promise<Tree> {
  const projects: ProjectFolder[] = [];
  const problems: Problem[] = [];
  const queue: { folder: string; depth: number }[] = [{ folder: "", depth: 0 }];
  let seen = 0;
  for (let next = queue.pop(); next; next = queue.pop()) {
    seen += 1;
    if (seen > MAX_FOLDERS || projects.length > MAX_PROJECTS) {
      const message = `more than ${seen > MAX_FOLDERS ? `${MAX_FOLDERS} folders` : `${MAX_PROJECTS} projects`}`;
      problems.push({ message: `${message} in the repository`, hint: "split it" });
      break;
    }
    const { folder, depth } = next;
    const entries = await readdir(path.join(root, folder), { withFileTypes: true });
    // A folder of that name counts too: it is said to be none, where else the project would be gone from Git unseen.
    const files = entries.filter(entry => PROJECT_FILE.test(entry.name));
    if (files.length > 0)
      projects.push({ folder, files: files.map(({ name }) => join(folder, name)).sort() });
    if (depth === MAX_DEPTH) continue;
    const below = entries.filter(entry => entry.isDirectory() && !isSkipped(entry.name));
    queue.push(...below.map(({ name }) => ({ folder: join(folder, name), depth: depth + 1 })));
  }
  projects.sort((a, b) => (a.folder < b.folder ? -1 : 1));
  return { projects, problems };
}

export interface StackFile {
  readonly stack: string;
  readonly file: string;
}

/** What Pulumi takes as a stack's name (sdk/go/common/tokens/names.go). */
const STACK_NAME = /^[A-Za-z0-9_.-]{1,100}$/;

async function entriesOf(root: string, folder: string): Promise<Dirent[] | undefined> {
  const found = await resolveInside(root, folder || ".");
  if (found === undefined || found === "outside") return undefined;
  return readdir(found.real, { withFileTypes: true });
}

/**
 * `Pulumi.<stack>.<ext>` in a folder. As with the CLI (DetectProjectStackPath), `ext` is that of the project file.
 * A folder that is not there has none.
 */
export async function findStackFiles(
  root: string,
  folder: string,
  ext: string,
): Promise<{ readonly stacks: readonly StackFile[]; readonly problems: readonly Problem[] }> {
  const stacks: StackFile[] = [];
  const problems: Problem[] = [];
  for (const { name } of (await entriesOf(root, folder)) ?? []) {
    if (!name.startsWith("Pulumi.") || !name.endsWith(ext)) continue;
    if (name.length <= "Pulumi.".length + ext.length) continue;
    const stack = name.slice("Pulumi.".length, -ext.length);
    const file = join(folder, name);
    if (STACK_NAME.test(stack)) stacks.push({ stack, file });
    else
      problems.push({
        message: `"${stack}" is not a name that a stack can have`,
        place: { file },
        hint: "letters, digits, - _ . and at most 100 of them",
      });
  }
  return { stacks: stacks.sort((a, b) => (a.stack < b.stack ? -1 : 1)), problems };
}
