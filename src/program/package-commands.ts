/** Which commands install a project's packages: nothing of the packages' own runs but what is allowed by name. */
import type { PackageTool } from "./project-files.ts";

export interface PackageCommand {
  readonly tool: PackageTool;
  readonly args: readonly string[];
  /** It runs code of packages. */
  readonly scripts: boolean;
}

const NPM_QUIET = ["--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"];

const INSTALL: Record<PackageTool, readonly string[]> = {
  // Git dependencies are refused in the lockfile already; the flag says it to npm as well.
  npm: ["ci", "--ignore-scripts", "--allow-git=none", "--prefer-offline", ...NPM_QUIET],
  pnpm: ["install", "--frozen-lockfile", "--ignore-scripts", "--prefer-offline"],
  yarn: ["install", "--frozen-lockfile", "--ignore-scripts", "--prefer-offline", "--non-interactive"],
};

/** The scripts of the named packages run afterwards, and of no other. */
export function commandsFor(tool: PackageTool, allowScripts: readonly string[]): PackageCommand[] {
  const install = { tool, args: INSTALL[tool], scripts: false };
  const names = allowScripts.filter(name => !name.startsWith("-"));
  // Without a name the tools would run the scripts of all.
  if (names.length === 0) return [install];
  if (tool === "pnpm") return [install, { tool, args: ["rebuild", ...names], scripts: true }];
  const rebuild = ["rebuild", "--ignore-scripts=false", "--foreground-scripts", ...NPM_QUIET, "--", ...names];
  return [install, { tool: "npm", args: rebuild, scripts: true }];
}
