/** This machine, or a folder of it that stands for a host: every path stays inside the folder. */
import { constants } from "node:fs";
import {
  chmod,
  chown,
  lstat,
  mkdir,
  open,
  realpath,
  rename,
  rmdir,
  unlink,
  type FileHandle,
} from "node:fs/promises";
import path from "node:path";
import { done, trouble, type Outcome } from "../outcome.ts";
import { idOf } from "./accounts.ts";
import { askLocal, type LocalSystem } from "./local-ask.ts";
import { lookAt, readEntry, statIfThere } from "./local-entries.ts";
import { attempt, codeOf } from "./local-errors.ts";
import type { Attributes, Machine } from "./machine.ts";
import { removeUnfinished, unfinishedName } from "./unfinished.ts";

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

interface Ids {
  readonly uid: number;
  readonly gid: number;
}

/** -1 leaves a number as it is. */
async function idsOf(attributes: Attributes): Promise<Outcome<Ids>> {
  const uid = attributes.owner === undefined ? -1 : await idOf("user", attributes.owner);
  if (uid === undefined)
    return trouble("failed", `there is no user ${String(attributes.owner)} on this machine`);
  const gid = attributes.group === undefined ? -1 : await idOf("group", attributes.group);
  if (gid === undefined)
    return trouble("failed", `there is no group ${String(attributes.group)} on this machine`);
  return done({ uid, gid });
}

async function writeWhole(
  target: string,
  content: Buffer,
  attributes: Attributes & { readonly newMode: number },
): Promise<Outcome<void>> {
  const ids = await idsOf(attributes);
  if (!ids.ok) return ids;
  const folder = path.dirname(target);
  await mkdir(folder, { recursive: true, mode: 0o755 });
  const stats = await statIfThere(target);
  const old = stats?.isFile() ? stats : undefined;
  if (stats?.isDirectory()) return trouble("failed", `${target} is a folder; it is not replaced by a file`);
  await removeUnfinished(folder);
  const temporary = path.join(folder, unfinishedName());
  const handle = await open(temporary, "wx", 0o600);
  try {
    await handle.writeFile(content);
    const made = await handle.stat();
    const uid = ids.value.uid >= 0 ? ids.value.uid : (old?.uid ?? made.uid);
    const gid = ids.value.gid >= 0 ? ids.value.gid : (old?.gid ?? made.gid);
    if (uid !== made.uid || gid !== made.gid) await handle.chown(uid, gid);
    // After chown, which takes the set-id bits away.
    await handle.chmod(attributes.mode ?? (old ? old.mode & 0o7777 : attributes.newMode));
    await handle.sync();
    await rename(temporary, target);
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  } finally {
    await handle.close();
  }
  await syncFolder(folder);
  return done(undefined);
}

/** A folder that may be written but not read cannot be flushed; the file is in place all the same. */
async function syncFolder(folder: string): Promise<void> {
  let handle: FileHandle;
  try {
    handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (error) {
    if (codeOf(error) === "EACCES") return;
    throw error;
  }
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function applyAttributes(target: string, attributes: Attributes): Promise<Outcome<void>> {
  const stats = await lstat(target);
  if (stats.isSymbolicLink()) return trouble("refused", `${target} is a symlink`);
  const ids = await idsOf(attributes);
  if (!ids.ok) return ids;
  const { uid, gid } = ids.value;
  const owned = (uid < 0 || uid === stats.uid) && (gid < 0 || gid === stats.gid);
  if (!owned) await chown(target, uid < 0 ? stats.uid : uid, gid < 0 ? stats.gid : gid);
  const mode = attributes.mode ?? stats.mode & 0o7777;
  // Again after a change of owner, which takes the set-id bits away.
  if (!owned || mode !== (stats.mode & 0o7777)) await chmod(target, mode);
  return done(undefined);
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
      askLocal(questions, target => inside(target, signal, lookAt), { system, signal }),
    run: async (script, signal) => system?.run(script, signal) ?? trouble("refused", `${name} ${NO_SYSTEM}`),
    read: (target, maxBytes, signal) => inside(target, signal, real => readEntry(real, maxBytes)),
    write: (target, content, attributes, signal) =>
      inside(target, signal, real => writeWhole(real, content, attributes)),
    makeDirectory: (target, mode, signal) => inside(target, signal, real => makeFolder(real, mode)),
    setAttributes: (target, attributes, signal) =>
      inside(target, signal, real => applyAttributes(real, attributes)),
    removeFile: (target, signal) => inside(target, signal, removeEntry),
    removeDirectory: (target, signal) => inside(target, signal, removeFolder),
    // A folder always answers; one that is missing is made when it is needed.
    ping: async () => done(undefined),
  };
}
