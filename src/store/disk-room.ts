/** How much room a file system has left, and whether that is enough to begin something. */
import { statfs } from "node:fs/promises";

/** What must stay free: bytes, or a share of the file system. */
export interface LeastFree {
  readonly bytes?: number;
  readonly percent?: number;
}

/** 200 MB hold the states of many applies; on a small disk 2 % of it. */
export const DEFAULT_LEAST: LeastFree = { bytes: 200 * 1000 * 1000, percent: 2 };
/** Once it was too little, a tenth more is asked for, so that the answer does not change with every file. */
const AGAIN = 1.1;

export interface DiskRoom {
  /** What this user may still write, in bytes. */
  readonly free: number;
  readonly total: number;
}

export async function diskRoom(folder: string): Promise<DiskRoom> {
  const { bavail, blocks, bsize } = await statfs(folder);
  return { free: bavail * bsize, total: blocks * bsize };
}

/** Bytes that must be free; where both are given, the smaller. */
export function bytesNeeded({ bytes, percent }: LeastFree, total: number): number {
  const share = percent === undefined ? undefined : Math.floor((total * percent) / 100);
  return Math.min(bytes ?? Infinity, share ?? Infinity);
}

/** The bytes needed where there are fewer; undefined: there is room. `was`: it was too little when last looked at. */
export function tooLittle(room: DiskRoom, least: LeastFree, was: boolean): number | undefined {
  const needed = Math.ceil(bytesNeeded(least, room.total) * (was ? AGAIN : 1));
  return room.free < needed ? needed : undefined;
}
