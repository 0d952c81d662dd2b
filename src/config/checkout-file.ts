/** Reads small files of a checkout: never outside of it, never more than the cap. */
import { constants } from "node:fs";
import { open, realpath } from "node:fs/promises";
import path from "node:path";

/** 1 MB: a hundred times what a person writes by hand. */
export const MAX_FILE_BYTES = 1_000_000;

export type FileAnswer =
  { readonly text: string } | { readonly missing: true } | { readonly problem: string };

/** A name that is too long for the file system, or holds a NUL byte, is of nothing that could be there. */
const NOTHING_THERE: readonly unknown[] = ["ENOENT", "ENOTDIR", "ENAMETOOLONG", "ERR_INVALID_ARG_VALUE"];
const codeOf = (error: unknown): unknown =>
  error instanceof Error && "code" in error ? error.code : undefined;

/**
 * Absolute real path below `root` (itself a real path); "outside" where a link or `..` leads out, or a link leads to
 * itself; undefined where nothing is there.
 */
export async function resolveInside(
  root: string,
  relative: string,
): Promise<{ readonly real: string } | "outside" | undefined> {
  try {
    const real = await realpath(path.resolve(root, relative));
    return real === root || real.startsWith(root + path.sep) ? { real } : "outside";
  } catch (error) {
    if (codeOf(error) === "ELOOP") return "outside";
    if (NOTHING_THERE.includes(codeOf(error))) return undefined;
    throw error;
  }
}

/** Text of a file; `relative` counts from `root`, with `/`. */
export async function readCheckoutFile(root: string, relative: string): Promise<FileAnswer> {
  const found = await resolveInside(root, relative);
  if (found === undefined) return { missing: true };
  if (found === "outside") return { problem: "is a link that leads out of the repository" };
  // O_NONBLOCK: opening a named pipe must not wait for a writer.
  const handle = await open(found.real, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const seen = await handle.stat();
    if (!seen.isFile()) return { problem: "is not a plain file" };
    if (seen.size > MAX_FILE_BYTES)
      return { problem: `is ${seen.size} bytes long; the most is ${MAX_FILE_BYTES}` };
    return { text: await handle.readFile("utf8") };
  } finally {
    await handle.close();
  }
}
