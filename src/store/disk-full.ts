/** Whether a full disk is what something failed of: Node's errors, SQLite's, and the words of tools. */

export interface FullDisk {
  readonly why: string;
  /** What could not be written, where the error says so. */
  readonly path?: string;
  /** Instead of a path: where our state service met it. */
  readonly folder?: string;
  /** The error means nothing else. False: it is so where a disk of ours is full, too. */
  readonly certain: boolean;
}

/** With less than this a disk is full, whatever the settings say: SQLite's "disk I/O error" means that its log could not grow. */
export const FULL_BYTES = 1024 * 1024;

/** SQLITE_FULL and SQLITE_IOERR (sqlite.org/rescode.html): where its log's index cannot grow, SQLite says the latter. */
const FULL = 13;
const IO_ERROR = 10;
const CODES: readonly unknown[] = ["ENOSPC", "EDQUOT"];
/** What our state service tells a CLI (HTTP 507), and that says again. */
const OURS = /The disk of (.+?) is full: /;
export const fullDiskText = (folder: string, why: string): string =>
  `The disk of ${folder} is full: ${why}. Make room there and try again.`;
/** What tools say. */
const WORDS =
  /\b(?:ENOSPC|EDQUOT)\b|no space left on device|disk quota exceeded|(?:database or )?disk is full|disk I\/O error/i;
/** An error's cause has a cause; nobody nests deeper. */
const DEEPEST = 5;
/** Of a long line, what is so far before the words is enough. */
const SHOWN = 300;

const field = (value: object, name: "code" | "errcode" | "path" | "cause"): unknown =>
  name in value ? (value as Record<string, unknown>)[name] : undefined;

function ofError(error: Error): FullDisk | undefined {
  const [code, errcode, file] = [field(error, "code"), field(error, "errcode"), field(error, "path")];
  const primary = typeof errcode === "number" ? errcode & 0xff : undefined;
  const certain = primary === FULL || CODES.includes(code);
  if (!certain && primary !== IO_ERROR) return undefined;
  return { why: error.message, certain, ...(typeof file === "string" && { path: file }) };
}

function ofText(text: string): FullDisk | undefined {
  const line = text
    .split("\n")
    .find(one => WORDS.test(one))
    ?.trim();
  if (line === undefined) return undefined;
  const folder = OURS.exec(line)?.[1];
  if (folder !== undefined) return { why: line, certain: true, folder };
  const from = Math.max(0, line.search(WORDS) - SHOWN);
  return { why: line.slice(from, from + 2 * SHOWN), certain: false };
}

/** Undefined: it failed of something else. */
export function fullDiskOf(trouble: unknown, depth = 0): FullDisk | undefined {
  if (typeof trouble === "string") return ofText(trouble);
  if (!(trouble instanceof Error) || depth > DEEPEST) return undefined;
  return ofError(trouble) ?? fullDiskOf(field(trouble, "cause"), depth + 1) ?? ofText(trouble.message);
}
