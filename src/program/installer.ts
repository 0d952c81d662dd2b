/** Gets a project's dependencies into place: installed once per lockfile, linked into each checkout. */
import { existsSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fail, ok, type Problem, type Result } from "../engine/failure.ts";
import type { PreparedProgram, ProgramInstaller } from "../engine/ports/program.ts";
import type { PlainHost, StackDefinition } from "../engine/ports/stack.ts";
import { bundledLinks, useBundledPackages } from "./bundled-packages.ts";
import { installInputs, type InstallInputs, type Lock } from "./install-inputs.ts";
import { installsBehind, linkModules, linksOf } from "./link-modules.ts";
import { packageToolEnvironment } from "./package-tool-environment.ts";
import { preparePlainProgram } from "./plain-program.ts";
import { findProjectFiles, type ProjectFiles } from "./project-files.ts";
import { createRegistries } from "./registries.ts";
import { requiredPackages } from "./required-packages.ts";
import { makeSharedInstall, type SharedInstallOptions } from "./shared-install.ts";

export interface InstallerOptions {
  /** holdfast's own package folder, whose packages a project without a package.json gets. */
  readonly holdfast: string;
  /** Folder for shared installs, in the data folder; made where missing. */
  readonly cache: string;
  /** Folder for the projects of stacks without a program, in the data folder; made where missing. Default: beside the installs. */
  readonly projects?: string;
  /** The whole environment of the package tool; default: what it needs of this process's own (PATH, HOME, proxies, npm_config_…). */
  readonly env?: Readonly<Record<string, string>>;
  readonly redact: (text: string) => string;
  readonly onProgress?: (text: string) => void;
  /** Where installs are kept away from the machine; default: they run as our own user. */
  readonly box?: SharedInstallOptions["box"];
  /** Origins of registries that packages may come from, beside those that npm's own settings name. Default none. */
  readonly registries?: readonly string[];
  /** What speaks against running a stack's program here. Default: nothing. */
  readonly objections?: (root: string, stack: StackDefinition) => Promise<readonly Problem[]>;
}

/** The SDK as Node finds it from the program's folder. */
function resolveSdk(programFolder: string): string | undefined {
  const paths = createRequire(path.join(programFolder, "package.json")).resolve.paths("@pulumi/pulumi") ?? [];
  const folder = paths.map(at => path.join(at, "@pulumi", "pulumi")).find(at => existsSync(at));
  return folder === undefined ? undefined : realpathSync(folder);
}

function prepared(
  root: string,
  folder: string,
  files: ProjectFiles,
  { holdfast, cache, box }: InstallerOptions,
): PreparedProgram {
  const sdk = resolveSdk(files.programFolder) ?? resolveSdk(holdfast) ?? holdfast;
  const plugins = requiredPackages(folder).flatMap(({ name }) => (name === "holdfast" ? [] : [name]));
  const linked = files.lock?.folder ?? files.manifestFolder ?? files.programFolder;
  return {
    folder,
    sdk,
    readable: [root, ...installsBehind(linked, cache)],
    // The SDK's folder holds the script that starts dynamic providers, and that starts `node`. Where programs have boxes
    // the SDK may not say what the CLI starts.
    pathEntries: box ? [path.dirname(process.execPath)] : [sdk, path.dirname(process.execPath)],
    plugins,
  };
}

/** Links of the inner folders first: the outermost node_modules says that all is done. */
async function linkAll(install: string, inputs: InstallInputs, holdfast: string): Promise<void> {
  const { base, folders, workFolder } = inputs;
  const inner = folders.filter(folder => existsSync(path.join(install, folder, "node_modules")));
  for (const folder of inner) {
    await linkModules(path.join(base, folder), await linksOf(install, folder, base));
  }
  const links = await linksOf(install, workFolder, base);
  const missing = bundledLinks(holdfast).filter(({ name }) => !links.some(link => link.name === name));
  await linkModules(path.join(base, workFolder), [...links, ...missing]);
}

/** Runs one task per key at a time; those who come meanwhile get the same answer. */
function sharing<T>(): (key: string, task: () => Promise<T>) => Promise<T> {
  const running = new Map<string, Promise<T>>();
  return (key, task) => {
    const found = running.get(key);
    if (found) return found;
    const started = task().finally(() => running.delete(key));
    running.set(key, started);
    return started;
  };
}

const isDiskFailure = (error: unknown): error is Error =>
  error instanceof Error && "code" in error && ["ENOSPC", "EDQUOT", "EROFS"].includes(String(error.code));

interface InstallHow {
  readonly allowScripts: readonly string[];
  readonly signal: AbortSignal;
}

export function createInstaller(options: InstallerOptions): ProgramInstaller {
  const once = sharing<Result<void>>();
  const shared: SharedInstallOptions = {
    ...options,
    env: options.env ?? packageToolEnvironment(process.env),
    onProgress: options.onProgress ?? (() => undefined),
  };

  const registries = createRegistries({
    env: shared.env,
    folder: options.cache,
    further: options.registries ?? [],
  });

  async function installLocked(root: string, lock: Lock, how: InstallHow): Promise<Result<void>> {
    const inputs = await installInputs(root, lock, registries);
    if (!inputs.ok) return inputs;
    const name = path.relative(root, lock.file);
    const install = await makeSharedInstall({ ...inputs.value, ...how, tool: lock.tool, name }, shared);
    if (!install.ok) return install;
    await linkAll(install.value, inputs.value, options.holdfast);
    return ok(undefined);
  }

  async function install(root: string, files: ProjectFiles, how: InstallHow): Promise<Result<void>> {
    const folder = files.lock?.folder ?? files.manifestFolder ?? files.programFolder;
    // Linked before, or committed with the repository.
    if (existsSync(path.join(folder, "node_modules"))) return ok(undefined);
    const done = await once(folder, async () => {
      try {
        if (files.lock) return await installLocked(root, files.lock, how);
        return await useBundledPackages(root, files, options.holdfast);
      } catch (error) {
        if (!isDiskFailure(error)) throw error;
        return fail({ kind: "transient", reason: "disk", why: error.message });
      }
    });
    // It was another run that gave up on what we shared with it.
    const givenUp = !done.ok && done.failure.kind === "aborted" && !how.signal.aborted;
    return givenUp ? install(root, files, how) : done;
  }

  /** Nothing of the repository runs, and nothing is to be installed. */
  async function preparePlain(
    root: string,
    { project, stack }: StackDefinition,
    host: PlainHost,
  ): Promise<Result<PreparedProgram>> {
    const { holdfast, cache, projects = `${cache}-plain` } = options;
    const sdk = resolveSdk(holdfast) ?? holdfast;
    try {
      return ok(await preparePlainProgram({ root, project, stack, host, holdfast, projects, sdk }));
    } catch (error) {
      if (!isDiskFailure(error)) throw error;
      return fail({ kind: "transient", reason: "disk", why: error.message });
    }
  }

  return {
    async prepare(root, stack, signal, { allowScripts = [] } = {}) {
      if (stack.host) return preparePlain(root, stack, stack.host);
      const problems = (await options.objections?.(root, stack)) ?? [];
      if (problems.length > 0) return fail({ kind: "stalled", reason: "config-invalid", problems });
      const folder = path.join(root, stack.folder);
      const files = findProjectFiles(root, folder, stack.main);
      // What another language needs is for its own language host to find.
      if (stack.runtime !== "nodejs") return ok(prepared(root, folder, files, options));
      const installed = await install(root, files, { allowScripts, signal });
      return installed.ok ? ok(prepared(root, folder, files, options)) : installed;
    },
  };
}
