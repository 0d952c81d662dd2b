/** This machine, or a folder of it that stands for a host: every path stays inside the folder. */
import { chmod, mkdir, realpath, rmdir, unlink } from "node:fs/promises";
import path from "node:path";
import { done, trouble, type Outcome } from "../outcome.ts";
import { askLocal, type LocalSystem } from "./local-ask.ts";
import { readEntry, statIfThere } from "./local-entries.ts";
import { attempt, BELOW_FILE, codeOf } from "./local-errors.ts";
import { removeBelow } from "./local-trees.ts";
import { applyAttributes, makeLink, putInPlace, type Validate } from "./local-write.ts";
import type { Machine, Writing } from "./machine.ts";
import { INVALID, removeInside, validation, zeroEnded } from "./shell-scripts.ts";
import { word } from "./shell-loop.ts";

const ROOT_MODE = 0o755;

/** The real path of what `target` names below `root`: symlinks on the way are followed, but never out of the root. */
async function locate(root: string, target: string): Promise<Outcome<string>> {
  await mkdir(root, { recursive: true, mode: ROOT_MODE });
  const realRoot = await realpath(root);
  const wanted = path.join(realRoot, target);
  if (wanted === realRoot) return done(realRoot);
  const missing: string[] = [path.basename(wanted)];
  let folder = path.dirname(wanted);
  let real = await realpathIfThere(folder);
  while (real === undefined) {
    const stats = await statIfThere(folder);
    // A dangling symlink has no real path, and making folders through it could lead out.
    if (stats?.isSymbolicLink()) return trouble("refused", `${folder} is a symlink that leads nowhere`);
    // There by now: another resource of the same host made it between the two looks.
    if (!stats) {
      missing.unshift(path.basename(folder));
      folder = path.dirname(folder);
    }
    real = await realpathIfThere(folder);
  }
  const inside = realRoot === "/" || real === realRoot || real.startsWith(realRoot + path.sep);
  if (!inside) return trouble("refused", `${target} leads out of ${root} (to ${real}) through a symlink`);
  return done(path.join(real, ...missing));
}

async function realpathIfThere(folder: string): Promise<string | undefined> {
  try {
    return await realpath(folder);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

async function makeFolder(target: string, mode: number): Promise<Outcome<void>> {
  const stats = await statIfThere(target);
  if (stats?.isDirectory()) return done(undefined);
  if (stats) return trouble("failed", `${target} is there and is not a folder`);
  await mkdir(path.dirname(target), { recursive: true, mode: 0o755 });
  const first = await makeMissing(target);
  if (!first) return makeFolder(target, mode);
  await chmod(target, mode);
  return done(undefined);
}

/** False where it is there by now: a file inside it was written at the same moment, and made it on its way. */
async function makeMissing(folder: string): Promise<boolean> {
  try {
    await mkdir(folder, { mode: 0o700 });
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  }
}

async function removeEntry(target: string): Promise<Outcome<void>> {
  const stats = await statIfThere(target);
  if (!stats) return done(undefined);
  if (stats.isDirectory())
    return trouble("refused", `${target} is a folder now; it is not removed as a file`);
  await unlink(target);
  return done(undefined);
}

async function removeFolder(target: string): Promise<Outcome<boolean>> {
  const stats = await statIfThere(target);
  if (!stats) return done(true);
  if (!stats.isDirectory())
    return trouble("refused", `${target} is not a folder any more; it is not removed`);
  try {
    await rmdir(target);
    return done(true);
  } catch (error) {
    if (codeOf(error) === "ENOTEMPTY" || codeOf(error) === "EEXIST") return done(false);
    throw error;
  }
}

const NO_SYSTEM = "is a folder that stands for a host: it has files, and nothing that could be run";

/** Below a file there is nothing: as good an answer as any to whoever only looks. */
const nothingBelowFiles = <T>(looked: Outcome<T | undefined>): Outcome<T | undefined> =>
  !looked.ok && looked.trouble.message.endsWith(BELOW_FILE) ? done(undefined) : looked;

/** The machine's own shell validates; a folder that stands for a host has none. */
function validator(
  target: string,
  { validate }: Writing,
  system: LocalSystem | undefined,
  signal: AbortSignal,
): Validate {
  return async temporary => {
    if (validate === undefined || !system) return done(undefined);
    const answer = await system.run({ script: `t=${word(temporary)}\n${validation(validate)}` }, signal);
    if (!answer.ok || answer.value.code === 0) return answer.ok ? done(undefined) : answer;
    const { code, stderr } = answer.value;
    if (code !== INVALID) return trouble("failed", `${target}: ${stderr}`);
    return trouble("failed", `${target} stays as it is, the new one is not valid: ${stderr}`);
  };
}

/** Node's own removal would enter other file systems. */
async function removeByShell(
  folder: string,
  paths: readonly string[],
  system: LocalSystem,
  signal: AbortSignal,
): Promise<Outcome<void>> {
  const answer = await system.run({ script: removeInside(folder), body: zeroEnded(paths) }, signal);
  if (!answer.ok || answer.value.code === 0) return answer.ok ? done(undefined) : answer;
  return trouble("failed", `${folder}: ${answer.value.stderr}`);
}

/** `root`: absolute; made where it is missing. `system`: the machine's own shell, where the root is the machine. */
export function localMachine(root: string, system?: LocalSystem): Machine {
  const name = root === "/" ? "this machine" : `folder ${root}`;
  const inside = <T>(
    target: string,
    signal: AbortSignal,
    act: (real: string) => Promise<Outcome<T>>,
  ): Promise<Outcome<T>> =>
    attempt(target, async () => {
      if (signal.aborted) return trouble("cancelled", "cancelled before it began");
      const real = await locate(root, target);
      return real.ok ? act(real.value) : real;
    });
  return {
    name,
    system: system !== undefined,
    ask: (questions, signal) =>
      askLocal(questions, (target, look) => inside(target, signal, look).then(nothingBelowFiles), {
        system,
        signal,
      }),
    run: async (script, signal) => system?.run(script, signal) ?? trouble("refused", `${name} ${NO_SYSTEM}`),
    read: (target, maxBytes, signal) => inside(target, signal, real => readEntry(real, maxBytes)),
    write: (target, content, writing, signal) =>
      inside(target, signal, async real => {
        const put = await putInPlace(real, content, writing, validator(target, writing, system, signal));
        return put.ok ? done(undefined) : put;
      }),
    exchange: (target, content, exchange, signal) =>
      inside(target, signal, real =>
        putInPlace(real, content, exchange, validator(target, exchange, system, signal)),
      ),
    makeSymlink: (target, to, signal) => inside(target, signal, real => makeLink(real, to)),
    makeDirectory: (target, mode, signal) => inside(target, signal, real => makeFolder(real, mode)),
    setAttributes: (target, attributes, signal) =>
      inside(target, signal, real => applyAttributes(real, attributes)),
    removeFile: (target, signal) => inside(target, signal, removeEntry),
    removeDirectory: (target, signal) => inside(target, signal, removeFolder),
    removeInside: (folder, paths, signal) =>
      inside(folder, signal, real =>
        system ? removeByShell(real, paths, system, signal) : removeBelow(real, paths),
      ),
    // A folder always answers; one that is missing is made when it is needed.
    ping: async () => done(undefined),
  };
}
