/** Brings something big to a host in pieces: a cut-off goes on where it ended, and memory holds one piece. */
import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { word } from "../../connection/shell-loop.ts";
import { done, trouble, type Outcome } from "../../outcome.ts";
import type { Site } from "../family.ts";
import { step } from "../step.ts";

/** Bytes with a checksum, to be read from anywhere in them. */
export interface Cargo {
  readonly size: number;
  readonly digest: string;
  /** Fewer where it ends before. */
  read(offset: number, length: number): Promise<Buffer>;
}

const PIECE_BYTES = 8 * 1024 * 1024;
/** 8 MB over a line of 1 Mbit/s, and some. */
const PIECE_MS = 120_000;

/** Writes the size that the unfinished file has by then. */
const appendScript = (part: string, offset: number): string => `umask 077; p=${word(part)}
mkdir -p -- "\${p%/*}" && exec 9>"$p.lock" && flock -w 100 9 || exit 1
touch -- "$p" && if [ "$(stat -c %s -- "$p")" = ${offset} ]; then cat >>"$p"; fi && stat -c %s -- "$p"`;

const finishScript = (part: string, target: string, digest: string): string => `p=${word(part)}
sum=$(sha256sum -- "$p") || exit 1
if [ "\${sum%% *}" != ${digest} ]; then rm -f -- "$p"; echo 'it arrived with another checksum' >&2; exit 1; fi
mv -fT -- "$p" ${word(target)} && rm -f -- "$p.lock"`;

/** Puts it at `target`, whose folder is ours alone. */
export async function ship(site: Site, what: string, cargo: Cargo, target: string): Promise<Outcome<void>> {
  const part = `${target}.part`;
  let offset = 0;
  for (let known = false; !known || offset < cargo.size; known = true) {
    const body = known ? await cargo.read(offset, PIECE_BYTES) : Buffer.alloc(0);
    if (known && body.length === 0) return trouble("failed", `${what} became shorter while it was read`);
    // The first question has no bytes, and an offset that no file has: it only asks how much is there.
    const script = appendScript(part, known ? offset : -1);
    const sent = await step(site, `send ${what}`, { script, body, deadlineMs: PIECE_MS });
    if (!sent.ok) return sent;
    offset = Number(sent.value);
  }
  const finished = await step(site, `send ${what}`, { script: finishScript(part, target, cargo.digest) });
  return finished.ok ? done(undefined) : finished;
}

async function digestOf(handle: FileHandle): Promise<string> {
  const hash = createHash("sha256");
  for (let at = 0; ;) {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(PIECE_BYTES), 0, PIECE_BYTES, at);
    if (bytesRead === 0) return hash.digest("hex");
    hash.update(buffer.subarray(0, bytesRead));
    at += bytesRead;
  }
}

/** A pipe would make the reader wait for ever. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * A file of this machine, for as long as it is used. Nothing of it goes anywhere before it is seen to be the file
 * that the program read: a program may name paths that it cannot read itself.
 */
export async function fileCargo<T>(
  file: string,
  digest: string,
  use: (cargo: Cargo) => Promise<Outcome<T>>,
): Promise<Outcome<T>> {
  const handle = await open(file, FLAGS).catch((error: unknown) => String(error));
  if (typeof handle === "string")
    return trouble("failed", `${file} cannot be read where the program ran: ${handle}`);
  try {
    const stats = await handle.stat();
    if (!stats.isFile() || (await digestOf(handle)) !== digest)
      return trouble("failed", `${file} is not the file that the program read`);
    const read = async (offset: number, length: number): Promise<Buffer> => {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, offset);
      return buffer.subarray(0, bytesRead);
    };
    return await use({ size: stats.size, digest, read });
  } finally {
    await handle.close();
  }
}
