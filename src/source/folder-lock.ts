/**
 * One process at a time works on a mirror. The lock is a file that names its owner; what a killed owner left is taken
 * over, and a child process of it that still writes is ended first.
 */
import { closeSync, constants, openSync, writeSync } from "node:fs";
import { link, readFile, rename, rm, writeFile } from "node:fs/promises";
import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { killGroup } from "../process/run.ts";
import { OWN, isAlive, isErrno, ownerOf } from "./owner.ts";

export interface HeldLock {
  /** Whether the former owner died with the lock in its hands: what it worked on may be half done. */
  readonly takenOver: boolean;
  /** Notes a child process group that would survive us. */
  addChild(pid: number): void;
  release(): Promise<void>;
}

/** How often a lock that another process holds is looked at. */
const LOOK_AGAIN_MS = 50;

/** Waits until the lock is ours; undefined when `signal` aborted first. */
export async function lockFolder(file: string, signal: AbortSignal): Promise<HeldLock | undefined> {
  let takenOver = false;
  while (!signal.aborted) {
    if (await claim(file)) return heldLock(file, takenOver);
    if (await takeOver(file)) takenOver = true;
    else await pause(signal);
  }
  return undefined;
}

const heldLock = (file: string, takenOver: boolean): HeldLock => ({
  takenOver,
  addChild: pid => append(file, `\n${ownerOf(pid)}`),
  release: () => rm(file, { force: true }),
});

/** At once, and never making the file: a late note must not look like a lock without an owner. */
function append(file: string, text: string): void {
  const descriptor = openSync(file, constants.O_WRONLY | constants.O_APPEND);
  try {
    writeSync(descriptor, text);
  } finally {
    closeSync(descriptor);
  }
}

/** Made beside and linked into place, so that nobody sees the file without its owner in it. */
async function claim(file: string): Promise<boolean> {
  const draft = `${file}.${randomUUID()}`;
  await writeFile(draft, OWN);
  try {
    await link(draft, file);
    return true;
  } catch (error) {
    if (isErrno(error) && error.code === "EEXIST") return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

async function takeOver(file: string): Promise<boolean> {
  const held = await readOwners(file);
  if (held === undefined) return false;
  if (held[0] !== undefined && isAlive(held[0])) return false;
  const moved = `${file}.${randomUUID()}`;
  // Only one of several that see the dead owner gets the file: rename moves it once.
  if (!(await renamed(file, moved))) return false;
  const owners = (await readOwners(moved)) ?? [];
  if (owners[0] !== undefined && isAlive(owners[0])) {
    // Somebody was quicker, and this is already the new owner's lock: back with it.
    await renamed(moved, file);
    return false;
  }
  owners.slice(1).filter(isAlive).forEach(endOrphan);
  await rm(moved, { force: true });
  return true;
}

function endOrphan(owner: string): void {
  killGroup(Number(owner.split("-")[0]), "SIGKILL");
}

async function readOwners(file: string): Promise<readonly string[] | undefined> {
  try {
    return (await readFile(file, "utf8")).split("\n");
  } catch (error) {
    if (isErrno(error) && error.code === "ENOENT") return undefined;
    throw error;
  }
}

async function renamed(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if (isErrno(error) && error.code === "ENOENT") return false;
    throw error;
  }
}

async function pause(signal: AbortSignal): Promise<void> {
  try {
    await delay(LOOK_AGAIN_MS, undefined, { signal });
  } catch (error) {
    // Aborted: the caller's loop sees it.
    if (!signal.aborted) throw error;
  }
}
