/** Whether a database file is whole: SQLite's own checks, in a thread of their own, because they read the whole file. */
import { statSync } from "node:fs";
import { Worker } from "node:worker_threads";

/**
 * quick: the structure of every page; about 0.4 ms a megabyte. full: also that indexes and tables agree, and the
 * constraints; about 2 ms a megabyte (measured on 150 MB in memory; a cold disk adds its own reading).
 */
export type CheckDepth = "quick" | "full";

export interface CheckRequest {
  readonly file: string;
  readonly depth: CheckDepth;
}

/** Undefined: it is whole. */
export type CheckAnswer = { readonly damage: string | undefined } | { readonly broken: string };

/** Below this a full check costs a start less than 150 ms. */
export const FULL_CHECK_BYTES = 64 * 1024 * 1024;

/** A full check where it is cheap, else a quick one. */
export const depthFor = (bytes: number): CheckDepth => (bytes <= FULL_CHECK_BYTES ? "full" : "quick");

/**
 * What is wrong with the file, in SQLite's words; undefined where it is whole, or not there. Rejects where the check
 * could not be made (no rights, a disk that reports errors).
 */
export async function findDamage(file: string, depth?: CheckDepth): Promise<string | undefined> {
  const stat = statSync(file, { throwIfNoEntry: false });
  if (!stat) return undefined;
  const request: CheckRequest = { file, depth: depth ?? depthFor(stat.size) };
  const worker = new Worker(new URL("./integrity-worker.ts", import.meta.url), {
    workerData: request,
    env: {},
  });
  const { promise, resolve, reject } = Promise.withResolvers<CheckAnswer>();
  worker.once("message", resolve);
  worker.once("error", reject);
  worker.once("exit", code => reject(new Error(`the check of ${file} ended with ${code}`)));
  const answer = await promise;
  if ("broken" in answer) throw new Error(`${file} cannot be checked: ${answer.broken}`);
  return answer.damage;
}
