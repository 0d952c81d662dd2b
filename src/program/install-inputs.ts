/** Everything in a repository that an install depends on. */
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { fail, ok, type Problem, type Result } from "../engine/failure.ts";
import { addressesIn, judgeAddresses, type Addresses } from "./judge-addresses.ts";
import { readNpmLockfile } from "./npm-lockfile.ts";
import { addressesInLines, type PackageAddress } from "./package-addresses.ts";
import type { ProjectFiles } from "./project-files.ts";
import type { Registries } from "./registries.ts";

export type Lock = NonNullable<ProjectFiles["lock"]>;

export interface InstallInputs {
  /** Absolute folder that the other paths are relative to: the lockfile's, or the checkout's root where a dependency lies beside it. */
  readonly base: string;
  readonly workFolder: string;
  readonly files: readonly string[];
  /** Folders of the repository's own packages. */
  readonly folders: readonly string[];
}

const SETTINGS = [".npmrc", "package.json", "pnpm-workspace.yaml"];
/** 2000 folders: more than any repository of stacks has packages; a walk that finds more is lost in something else. */
const WALK_LIMIT = 2000;

const invalid = (...problems: Problem[]): Result<never> =>
  fail({ kind: "stalled", reason: "config-invalid", problems });

/** Folders with a package.json below `top`: pnpm's and yarn's lockfiles do not name them all. */
async function packageFolders(top: string): Promise<string[]> {
  const found: string[] = [];
  const open = [""];
  for (let seen = 0; open.length > 0 && seen < WALK_LIMIT; seen += 1) {
    const folder = open.shift() ?? "";
    const entries = await readdir(path.join(top, folder), { withFileTypes: true });
    if (folder !== "" && entries.some(entry => entry.name === "package.json")) found.push(folder);
    const inner = entries.filter(
      entry => entry.isDirectory() && entry.name !== "node_modules" && !entry.name.startsWith("."),
    );
    open.push(...inner.map(entry => path.join(folder, entry.name)));
  }
  return found;
}

/** What is to be installed, and where the lockfile says that it comes from. */
interface Wanted {
  readonly inputs: InstallInputs;
  readonly addresses: readonly PackageAddress[];
  readonly problems: readonly Problem[];
}

function ofNpm(root: string, lock: Lock, text: string): Wanted {
  const fromRoot = path.relative(root, lock.folder);
  const depth = fromRoot.split(path.sep).filter(Boolean).length;
  const needs = readNpmLockfile(text, path.relative(root, lock.file), depth);
  const beside = [...needs.folders, ...needs.tarballs].some(name => name.startsWith(".."));
  const workFolder = beside ? fromRoot : "";
  const tarballs = needs.tarballs.filter(name => !needs.folders.includes(name));
  const manifests = needs.folders.map(folder => path.join(folder, "package.json"));
  const base = beside ? root : lock.folder;
  return {
    inputs: inputs(lock, base, workFolder, needs.folders, [...manifests, ...tarballs]),
    addresses: needs.addresses,
    problems: needs.problems,
  };
}

function inputs(
  lock: Lock,
  base: string,
  workFolder: string,
  folders: readonly string[],
  more: readonly string[],
): InstallInputs {
  const names = [path.basename(lock.file), ...SETTINGS, ...more];
  const there = [...new Set(names)].filter(name => existsSync(path.join(lock.folder, name)));
  return {
    base,
    workFolder,
    files: there.map(name => path.join(workFolder, name)),
    folders: folders.map(folder => path.join(workFolder, folder)),
  };
}

async function ofOthers(lock: Lock, tool: "pnpm" | "yarn", text: string): Promise<Wanted> {
  const folders = await packageFolders(lock.folder);
  const manifests = folders.map(folder => path.join(folder, "package.json"));
  return {
    inputs: inputs(lock, lock.folder, "", folders, manifests),
    addresses: addressesInLines(tool, text),
    problems: [],
  };
}

/** Failures: config-invalid. */
export async function installInputs(
  root: string,
  lock: Lock,
  registries: Registries,
): Promise<Result<InstallInputs>> {
  const text = await readFile(lock.file, "utf8");
  const file = path.relative(root, lock.file);
  if (lock.tool === "yarn" && text.includes("__metadata:")) {
    const message = "lockfiles of yarn 2 and newer are not supported";
    const hint = "use npm or pnpm, or commit node_modules";
    return invalid({ message, place: { file }, hint });
  }
  const wanted = lock.tool === "npm" ? ofNpm(root, lock, text) : await ofOthers(lock, lock.tool, text);
  const locked: Addresses = { file, found: wanted.addresses };
  // What lies outside is not looked into.
  const beside =
    wanted.problems.length > 0 ? [] : await addressesIn(root, wanted.inputs.base, wanted.inputs.files);
  const places = await judgeAddresses([locked, ...beside], lock.tool, registries);
  const problems = [...places, ...wanted.problems];
  return problems.length > 0 ? invalid(...problems) : ok(wanted.inputs);
}
