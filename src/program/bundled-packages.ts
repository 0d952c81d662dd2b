/** Projects that need no install: what holdfast itself has is linked into them. */
import { realpathSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { fail, ok, type Problem, type Result } from "../engine/failure.ts";
import { linkModules, type ModuleLink } from "./link-modules.ts";
import type { ProjectFiles } from "./project-files.ts";

/** What a project may use without a lockfile. */
const BUNDLED = ["@pulumi/pulumi", "holdfast"];

const invalid = (problem: Problem): Result<never> =>
  fail({ kind: "stalled", reason: "config-invalid", problems: [problem] });

/** What a project gets where it does not bring its own. */
export function bundledLinks(holdfast: string): ModuleLink[] {
  const require = createRequire(path.join(holdfast, "package.json"));
  const sdk = path.dirname(realpathSync(require.resolve("@pulumi/pulumi/package.json")));
  return [
    { name: "@pulumi/pulumi", target: sdk },
    { name: "holdfast", target: holdfast },
  ];
}

/** Names of `dependencies`; undefined where the file is not a package.json. Types and tools of `devDependencies` are not needed to run. */
async function dependencyNames(file: string): Promise<string[] | undefined> {
  try {
    const manifest: unknown = JSON.parse(await readFile(file, "utf8"));
    if (typeof manifest !== "object" || manifest === null) return undefined;
    const list = "dependencies" in manifest ? manifest.dependencies : {};
    return typeof list === "object" && list !== null ? Object.keys(list) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

async function checkManifest(root: string, folder: string): Promise<Result<void>> {
  const file = path.join(folder, "package.json");
  const place = { file: path.relative(root, file) };
  const names = await dependencyNames(file);
  if (!names) return invalid({ message: "this package.json cannot be read", place });
  const foreign = names.filter(name => !BUNDLED.includes(name));
  if (foreign.length === 0) return ok(undefined);
  const message = `no lockfile says which versions of ${foreign.join(", ")} to install`;
  return invalid({ message, place, hint: "run npm install and commit package-lock.json" });
}

/** Links holdfast's own copies into a project without a lockfile. Failures: config-invalid. */
export async function useBundledPackages(
  root: string,
  files: ProjectFiles,
  holdfast: string,
): Promise<Result<void>> {
  if (files.manifestFolder !== undefined) {
    const checked = await checkManifest(root, files.manifestFolder);
    if (!checked.ok) return checked;
  }
  await linkModules(files.manifestFolder ?? files.programFolder, bundledLinks(holdfast));
  return ok(undefined);
}
