/** Whether packages come from where they may: an install asks no host that the repository chooses. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import type { Problem } from "../engine/failure.ts";
import { registriesNamed } from "./npm-settings.ts";
import { isGit, isWeb, manifestAddresses, refuseAddress, type PackageAddress } from "./package-addresses.ts";
import type { PackageTool } from "./project-files.ts";
import type { Registries } from "./registries.ts";

/** Addresses of one file; `file` is its path in the repository. */
export interface Addresses {
  readonly file: string;
  readonly found: readonly PackageAddress[];
}

const REGISTRY_HINT =
  "take it from the registry that npm is set to; or name this one in the daemon's settings: npmRegistries";
const GIT_HINT = "publish it to a registry, or commit it as a tarball";

function problemOf(file: string, { name, address, line }: PackageAddress, why: string): Problem {
  const place = { file, ...(line === undefined ? {} : { line }) };
  return { message: `${name} ${why}`, place, hint: isGit(address) ? GIT_HINT : REGISTRY_HINT };
}

function judge(files: readonly Addresses[], allowed: ReadonlySet<string>): Problem[] {
  return files.flatMap(({ file, found }) =>
    found.flatMap(one => {
      const why = refuseAddress(one.address, allowed);
      return why === undefined ? [] : [problemOf(file, one, why)];
    }),
  );
}

/** npm is only asked for its settings where a file names what they may hold. */
export async function judgeAddresses(
  files: readonly Addresses[],
  tool: PackageTool,
  registries: Registries,
): Promise<readonly Problem[]> {
  const problems = judge(files, registries.known);
  const open = files.some(({ found }) => found.some(({ address }) => isWeb(address)));
  return problems.length > 0 && open ? judge(files, await registries.all(tool)) : problems;
}

/** What an .npmrc of the repository names is an address as well; one that is none goes nowhere that we can tell. */
function ofSettings(text: string): PackageAddress[] {
  return registriesNamed(text).map(({ address, line }) => ({
    name: "registry",
    address: isWeb(address) ? address : `unknown:${address}`,
    line,
  }));
}

/** pnpm takes settings from here that say where packages come from, and which code it loads. */
const STEERING = /^(registry|registries|configDependencies|pnpmfile|globalPnpmfile|npmrcAuthFile)\s*:/;

function ofWorkspace(text: string): PackageAddress[] {
  return text.split("\n").flatMap((row, index) => {
    const key = STEERING.exec(row)?.[1];
    return key === undefined ? [] : [{ name: key, address: "unknown:", line: index + 1 }];
  });
}

const READERS: Readonly<Record<string, (text: string) => PackageAddress[]>> = {
  ".npmrc": ofSettings,
  "package.json": manifestAddresses,
  "pnpm-workspace.yaml": ofWorkspace,
};

/** Addresses in the manifests and settings among these files, which count from `folder`; `root` is the checkout's. */
export async function addressesIn(
  root: string,
  folder: string,
  files: readonly string[],
): Promise<Addresses[]> {
  const read = files.map(async (name): Promise<Addresses[]> => {
    const reader = READERS[path.basename(name)];
    const at = path.join(folder, name);
    if (!reader || !existsSync(at)) return [];
    return [{ file: path.relative(root, at), found: reader(await readFile(at, "utf8")) }];
  });
  return (await Promise.all(read)).flat();
}
