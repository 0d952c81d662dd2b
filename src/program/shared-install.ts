/** One install of third-party packages per lockfile, in a folder of ours that all checkouts share. */
import { createHash, randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, realpath, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fail, ok, type Result } from "../engine/failure.ts";
import { isThere } from "../process/is-there.ts";
import { run, type RunResult } from "../process/run.ts";
import { isAlive } from "../process/signal.ts";
import { boxInstall, type InstallBoxOptions } from "./boxed-install.ts";
import { markInUse, pruneInstalls } from "./installs-in-use.ts";
import { commandsFor, type PackageCommand } from "./package-commands.ts";
import { keepHarmlessSettings } from "./npm-settings.ts";
import type { PackageTool } from "./project-files.ts";

/** 10 minutes: a large install over a slow line; longer is a hang. */
const INSTALL_DEADLINE_MS = 10 * 60 * 1000;
/** 4 KiB of the tool's own words: the cause is in its last lines. */
const WORDS_LIMIT = 4096;
/** Each call of the tool writes to memory no more than this. */
const OUTPUT_LIMIT = 1024 * 1024;

export interface InstallRequest {
  readonly tool: PackageTool;
  /** Absolute folder in the checkout that `files` and `workFolder` are relative to. */
  readonly base: string;
  /** The lockfile's folder. */
  readonly workFolder: string;
  /** What the install is made from; the lockfile is one of them. */
  readonly files: readonly string[];
  /** Packages whose install scripts may run. */
  readonly allowScripts: readonly string[];
  /** For messages: the lockfile's folder, relative to the checkout. */
  readonly name: string;
  readonly signal: AbortSignal;
}

export interface SharedInstallOptions {
  /** Absolute; made where missing. */
  readonly cache: string;
  readonly env: Readonly<Record<string, string>>;
  readonly redact: (text: string) => string;
  readonly onProgress: (text: string) => void;
  /** Where installs are kept away from the machine; default: they run as our own user. */
  readonly box?: Pick<InstallBoxOptions, "isolation">;
}

async function contentsOf(request: InstallRequest): Promise<[string, Buffer][]> {
  return Promise.all(
    request.files.map(async (name): Promise<[string, Buffer]> => {
      const content = await readFile(path.join(request.base, name));
      const isSettings = path.basename(name) === ".npmrc";
      return [name, isSettings ? Buffer.from(keepHarmlessSettings(content.toString())) : content];
    }),
  );
}

/** Equal keys mean equal installs: files, Node's major version, platform, and who may run scripts. */
function keyOf(request: InstallRequest, contents: readonly [string, Buffer][]): string {
  const hash = createHash("sha256");
  const major = process.versions.node.split(".")[0] ?? "";
  const { tool, workFolder, allowScripts } = request;
  const parts = [tool, workFolder, major, process.platform, process.arch, ...[...allowScripts].sort()];
  hash.update(JSON.stringify(parts));
  for (const [name, content] of contents) hash.update(`\0${name}\0${content.length}\0`).update(content);
  return hash.digest("hex");
}

/** Installs that a process left half done are worth nothing. */
async function removeLeftovers(cache: string): Promise<void> {
  const left = (await readdir(cache)).filter(name => {
    const pid = /^making-(\d+)-/.exec(name)?.[1];
    return pid !== undefined && Number(pid) !== process.pid && !isAlive(Number(pid));
  });
  await Promise.all(left.map(name => rm(path.join(cache, name), { recursive: true, force: true })));
}

/** npm's own words, the last of them, without what must not be seen. */
function wordsOf(result: RunResult, redact: (text: string) => string): string {
  if (result.timedOut) return `not done after ${INSTALL_DEADLINE_MS / 60_000} minutes`;
  const said = redact(`${result.stdout.toString()}\n${result.stderr.toString()}`).trim();
  return said.length > WORDS_LIMIT ? `… ${said.slice(-WORDS_LIMIT)}` : said;
}

function missingTool(tool: PackageTool): string {
  const how = tool === "npm" ? "it comes with Node" : `install it, for example with: npm install -g ${tool}`;
  return `${tool} is not on the daemon's PATH (${how})`;
}

interface Place {
  readonly folder: string;
  readonly cwd: string;
}

/** Undefined: there is no such tool. */
async function runTool(
  command: PackageCommand,
  place: Place,
  signal: AbortSignal,
  { box, cache, env }: SharedInstallOptions,
): Promise<RunResult | undefined> {
  const how = { deadlineMs: INSTALL_DEADLINE_MS, maxOutput: OUTPUT_LIMIT, signal };
  if (!box) {
    const result = await run(command.tool, command.args, { ...how, cwd: place.cwd, env });
    return result.startError?.code === "ENOENT" ? undefined : result;
  }
  const downloads = path.join(path.dirname(await realpath(cache)), "downloads");
  const boxed = await boxInstall(command, place, { ...box, downloads, env });
  if (!boxed) return undefined;
  try {
    return await run(boxed.command, boxed.args, { ...how, env: boxed.env });
  } finally {
    boxed.close();
  }
}

async function runCommand(
  command: PackageCommand,
  place: Place,
  request: InstallRequest,
  options: SharedInstallOptions,
): Promise<Result<void>> {
  const result = await runTool(command, place, request.signal, options);
  if (!result) {
    const problem = { message: missingTool(request.tool), place: { file: request.name } };
    return fail({ kind: "stalled", reason: "config-invalid", problems: [problem] });
  }
  if (result.aborted) return fail({ kind: "aborted", reason: "shutting-down" });
  if (result.code === 0) return ok(undefined);
  const why = `${command.tool} ${command.args[0] ?? ""}: ${wordsOf(result, options.redact)}`;
  return fail({ kind: "transient", reason: "install-failed", folder: request.name, why });
}

async function fillFolder(
  folder: string,
  contents: readonly [string, Buffer][],
  request: InstallRequest,
  options: SharedInstallOptions,
): Promise<Result<void>> {
  for (const [name, content] of contents) {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
    await writeFile(path.join(folder, name), content);
  }
  const workFolder = path.join(folder, request.workFolder);
  for (const command of commandsFor(request.tool, request.allowScripts)) {
    const done = await runCommand(command, { folder, cwd: workFolder }, request, options);
    if (!done.ok) return done;
  }
  return ok(undefined);
}

/** Puts a finished install in its place; another process may have been first, and then its install is as good. */
async function publish(made: string, final: string): Promise<void> {
  try {
    await rename(made, final);
  } catch (error) {
    if (!(await isThere(final))) throw error;
    await rm(made, { recursive: true, force: true });
  }
}

/** Answers the real path of the install's base. Failures: install-failed, config-invalid (no such tool), shutting-down. */
export async function makeSharedInstall(
  request: InstallRequest,
  options: SharedInstallOptions,
): Promise<Result<string>> {
  await mkdir(options.cache, { recursive: true });
  const contents = await contentsOf(request);
  const key = keyOf(request, contents);
  const final = path.join(options.cache, key);
  await markInUse(options.cache, key, path.join(request.base, request.workFolder));
  if (await isThere(final)) return ok(await realpath(final));
  await removeLeftovers(options.cache);
  await pruneInstalls(options.cache, Date.now());
  const made = path.join(await realpath(options.cache), `making-${process.pid}-${randomUUID()}`);
  await mkdir(made);
  options.onProgress(`installing packages of ${request.name} with ${request.tool}`);
  const filled = await fillFolder(made, contents, request, options);
  if (!filled.ok) {
    await rm(made, { recursive: true, force: true });
    return filled;
  }
  await publish(made, final);
  return ok(await realpath(final));
}
