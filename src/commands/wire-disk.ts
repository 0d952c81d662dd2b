/** What failed of a full disk, said with the folder and what is free in it. */
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { DaemonSettings } from "../config/daemon.ts";
import { fail, type Failure, type Result } from "../engine/failure.ts";
import type { Source } from "../engine/ports/source.ts";
import { FULL_BYTES, fullDiskOf, type FullDisk } from "../store/disk-full.ts";
import { bytesNeeded, DEFAULT_LEAST, diskRoom } from "../store/disk-room.ts";

type Settings = Pick<DaemonSettings, "data" | "minimumFree">;

/** Where short-lived files are written beside the data folder (wire-found.ts, and tools). */
const BESIDE = ["/dev/shm", tmpdir()];

/** The file system of a path is that of the nearest folder that is there. */
const nearest = (file: string): string =>
  existsSync(file) || path.dirname(file) === file ? file : nearest(path.dirname(file));

interface Room {
  readonly folder: string;
  readonly free: number;
  readonly low: boolean;
}

async function roomOf(folder: string, { minimumFree }: Settings): Promise<Room> {
  const { free, total } = await diskRoom(folder);
  return { folder, free, low: free < Math.max(FULL_BYTES, bytesNeeded(minimumFree ?? DEFAULT_LEAST, total)) };
}

/** The first of our folders whose file system has too little room. */
async function fullRoom(settings: Settings): Promise<Room | undefined> {
  for (const folder of [settings.data, ...BESIDE].filter(one => existsSync(one))) {
    const room = await roomOf(folder, settings);
    if (room.low) return room;
  }
  return undefined;
}

/** Where it happened: it may say so itself; else one of ours is full. */
async function roomFor({ path: file, folder }: FullDisk, settings: Settings): Promise<Room | undefined> {
  const place = folder ?? (file === undefined ? undefined : path.dirname(file));
  return place === undefined ? fullRoom(settings) : roomOf(nearest(place), settings);
}

/** Of an exception, or of a tool's words. A target's disk may be full as well: words count only where one of ours is. */
export async function diskFailure(settings: Settings, trouble: unknown): Promise<Failure | undefined> {
  const found = fullDiskOf(trouble);
  if (!found) return undefined;
  const room = await roomFor(found, settings);
  if (!room && !found.certain) return undefined;
  const where = room && { folder: room.folder, ...(room.low && { free: room.free }) };
  return { kind: "transient", reason: "disk", why: found.why, ...where };
}

/** The same source; where it says that a disk is full, with the folder and what is free. */
export function tellingDisk(source: Source, settings: Settings): Source {
  const told = async <T>(result: Result<T>): Promise<Result<T>> => {
    if (result.ok || result.failure.reason !== "disk") return result;
    const failure = await diskFailure(settings, result.failure.why);
    return failure ? fail(failure) : result;
  };
  return {
    ...source,
    fetch: async signal => told(await source.fetch(signal)),
    checkout: async sha => told(await source.checkout(sha)),
  };
}
