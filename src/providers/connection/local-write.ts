/** Files of this machine put in place as a whole, with mode and owner. */
import { createHash } from "node:crypto";
import { constants, lstatSync, readFileSync, renameSync } from "node:fs";
import {
  chmod,
  chown,
  lstat,
  mkdir,
  open,
  readlink,
  rename,
  rm,
  symlink,
  unlink,
  type FileHandle,
} from "node:fs/promises";
import path from "node:path";
import { done, trouble, type Outcome } from "../outcome.ts";
import { idOf } from "./accounts.ts";
import { statIfThere } from "./local-entries.ts";
import { codeOf } from "./local-errors.ts";
import type { Attributes, Exchange, Writing } from "./machine.ts";
import { removeUnfinished, unfinishedName } from "./unfinished.ts";

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

/** Beside its place, with the attributes that it will have there. Closed, so that it can be run. */
async function makeUnfinished(target: string, content: Buffer, writing: Writing): Promise<Outcome<string>> {
  const ids = await idsOf(writing);
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
    await handle.chmod(writing.mode ?? (old ? old.mode & 0o7777 : writing.newMode));
    await handle.sync();
    return done(temporary);
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  } finally {
    await handle.close();
  }
}

/** What is there, as `Exchange` says it; "other": no file. */
function checksumNow(target: string): string | undefined {
  const stats = lstatSync(target, { throwIfNoEntry: false });
  if (!stats) return undefined;
  return stats.isFile() ? createHash("sha256").update(readFileSync(target)).digest("hex") : "other";
}

export type Validate = (temporary: string) => Promise<Outcome<void>>;

/** False: it is not what the new content was made from any more. `validate`: looks at the new file before it is in place. */
export async function putInPlace(
  target: string,
  content: Buffer,
  writing: Writing | Exchange,
  validate: Validate,
): Promise<Outcome<boolean>> {
  const made = await makeUnfinished(target, content, writing);
  if (!made.ok) return made;
  const temporary = made.value;
  let inPlace = false;
  try {
    const valid = await validate(temporary);
    if (!valid.ok) return valid;
    // Nothing of this process comes between the look and the renaming.
    inPlace = !("was" in writing) || checksumNow(target) === writing.was;
    if (inPlace) renameSync(temporary, target);
  } finally {
    // In place, it is not found under this name any more.
    await rm(temporary, { force: true });
  }
  if (inPlace) await syncFolder(path.dirname(target));
  return done(inPlace);
}

/** Made beside, and renamed: a link that is there leads to the old or to the new, never nowhere. */
export async function makeLink(target: string, to: string): Promise<Outcome<void>> {
  const folder = path.dirname(target);
  await mkdir(folder, { recursive: true, mode: 0o755 });
  const stats = await statIfThere(target);
  if (stats && !stats.isSymbolicLink())
    return trouble("refused", `${target} is there and is not a symlink; it is not replaced by one`);
  if (stats && (await readlink(target)) === to) return done(undefined);
  const temporary = path.join(folder, unfinishedName());
  await symlink(to, temporary);
  try {
    await rename(temporary, target);
  } finally {
    await rm(temporary, { force: true });
  }
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

export async function applyAttributes(target: string, attributes: Attributes): Promise<Outcome<void>> {
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
