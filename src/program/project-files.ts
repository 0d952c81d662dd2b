/** Where a project's package.json and lockfile are. */
import { existsSync, statSync } from "node:fs";
import path from "node:path";

export type PackageTool = "npm" | "pnpm" | "yarn";

export interface ProjectFiles {
  /** Folder that the program's own imports start from. */
  readonly programFolder: string;
  /** Nearest folder with a package.json, from the program up to the checkout's root. */
  readonly manifestFolder?: string;
  readonly lock?: { readonly tool: PackageTool; readonly folder: string; readonly file: string };
}

/** In npm's own order: a shrinkwrap counts before a lockfile. */
const LOCKFILES: readonly (readonly [string, PackageTool])[] = [
  ["npm-shrinkwrap.json", "npm"],
  ["package-lock.json", "npm"],
  ["pnpm-lock.yaml", "pnpm"],
  ["yarn.lock", "yarn"],
];

/** `folder` and the ones above it, up to and with `root`. */
function upTo(root: string, folder: string): string[] {
  const folders: string[] = [];
  for (let at = folder; ; at = path.dirname(at)) {
    folders.push(at);
    if (at === root || at === path.dirname(at)) return folders;
  }
}

function programFolderOf(folder: string, main: string | undefined): string {
  if (main === undefined) return folder;
  const entry = path.join(folder, main);
  const isFolder = statSync(entry, { throwIfNoEntry: false })?.isDirectory() === true;
  return isFolder ? entry : path.dirname(entry);
}

/** All paths absolute; `main` as in the Pulumi.yaml. */
export function findProjectFiles(root: string, folder: string, main: string | undefined): ProjectFiles {
  const programFolder = programFolderOf(folder, main);
  const manifestFolder = upTo(root, programFolder).find(at => existsSync(path.join(at, "package.json")));
  if (manifestFolder === undefined) return { programFolder };
  const found = upTo(root, manifestFolder).flatMap(at =>
    LOCKFILES.filter(([name]) => existsSync(path.join(at, name))).map(([name, tool]) => ({
      tool,
      folder: at,
      file: path.join(at, name),
    })),
  );
  return { programFolder, manifestFolder, ...(found[0] ? { lock: found[0] } : {}) };
}
