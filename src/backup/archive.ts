/**
 * A few files as one tar stream (POSIX ustar), so that a person without holdfast can open a backup:
 * `age -d -i KEY FILE | zstd -d | tar x`.
 */
import { createReadStream } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import path from "node:path";

export interface ArchiveEntry {
  /** One plain name of at most 100 ASCII characters. */
  readonly name: string;
  readonly size: number;
  readonly content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

const BLOCK = 512;
const PLAIN_NAME = /^[\w.-]{1,100}$/;
/** Only its owner reads what was in the data folder. */
const MODE = 0o600;

const octal = (value: number, width: number): string => `${value.toString(8).padStart(width - 1, "0")}\0`;

/** Sizes of 8 GiB and more do not fit the octal field: base 256, as GNU tar and others write and read it. */
function sizeField(size: number): Buffer {
  if (size < 8 ** 11) return Buffer.from(octal(size, 12), "latin1");
  const field = Buffer.alloc(12);
  field.writeBigUInt64BE(BigInt(size), 4);
  field[0] = 0x80;
  return field;
}

function header(name: string, size: number, at: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  block.write(name, 0, "latin1");
  block.write(octal(MODE, 8) + octal(0, 8) + octal(0, 8), 100, "latin1");
  sizeField(size).copy(block, 124);
  block.write(octal(Math.floor(at / 1000), 12), 136, "latin1");
  block.write("        0", 148, "latin1");
  block.write("ustar\u000000", 257, "latin1");
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return block;
}

const padding = (size: number): Buffer => Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);

/** A file's entry; its size must not change while it is read. */
export const fileEntry = (name: string, file: string, size: number): ArchiveEntry => ({
  name,
  size,
  content: createReadStream(file),
});

/** `at`: milliseconds since the epoch, the entries' time. */
export async function* pack(entries: readonly ArchiveEntry[], at: number): AsyncGenerator<Uint8Array> {
  for (const { name, size, content } of entries) {
    if (!PLAIN_NAME.test(name)) throw new Error(`${name} cannot be the name of an entry`);
    yield header(name, size, at);
    let seen = 0;
    for await (const chunk of content) {
      seen += chunk.length;
      yield chunk;
    }
    if (seen !== size) throw new Error(`${name} had ${size} bytes and gave ${seen}`);
    yield padding(size);
  }
  yield Buffer.alloc(2 * BLOCK);
}

/** What an archive says that is none of ours, or was cut. */
export class ArchiveError extends Error {}

function readHeader(block: Buffer): { name: string; size: number } {
  const text = (from: number, length: number): string =>
    block.toString("latin1", from, from + length).replace(/[\0 ].*$/s, "");
  const name = text(0, 100);
  const size = block[124] === 0x80 ? Number(block.readBigUInt64BE(128)) : Number.parseInt(text(124, 12), 8);
  const blank = Buffer.from(block);
  blank.fill(" ", 148, 156);
  const sum = blank.reduce((total, byte) => total + byte, 0);
  if (Number.parseInt(text(148, 8), 8) !== sum) throw new ArchiveError("a header is damaged");
  if (!PLAIN_NAME.test(name) || name.startsWith("."))
    throw new ArchiveError("it holds a name that we do not write");
  if (!Number.isSafeInteger(size) || size < 0) throw new ArchiveError("it holds an impossible size");
  return { name, size };
}

interface Cutter {
  /** At most `length` bytes, at least one. */
  readonly some: (length: number) => Promise<Buffer>;
  /** To the stream's end, so that what checks the stream sees all of it. */
  readonly drain: () => Promise<void>;
}

/** Hands out a stream in pieces of the length that is asked for. */
function cutter(stream: AsyncIterable<Uint8Array>): Cutter {
  const chunks = stream[Symbol.asyncIterator]();
  let rest: Buffer = Buffer.alloc(0);
  const more = async (): Promise<void> => {
    const next = await chunks.next();
    if (next.done) throw new ArchiveError("it ends in the middle");
    rest = Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength);
  };
  return {
    some: async length => {
      while (rest.length === 0) await more();
      const piece = rest.subarray(0, length);
      rest = rest.subarray(piece.length);
      return piece;
    },
    drain: async () => {
      for (let next = await chunks.next(); !next.done;) next = await chunks.next();
    },
  };
}

async function write(
  handle: FileHandle,
  size: number,
  some: (length: number) => Promise<Buffer>,
): Promise<void> {
  for (let left = size; left > 0;) {
    const piece = await some(left);
    await handle.writeFile(piece);
    left -= piece.length;
  }
}

/** Writes the entries into an empty folder; answers their names. Throws an ArchiveError for what is no archive of ours. */
export async function unpack(stream: AsyncIterable<Uint8Array>, folder: string): Promise<readonly string[]> {
  const { some, drain } = cutter(stream);
  const exactly = async (length: number): Promise<Buffer> => {
    const pieces: Buffer[] = [];
    for (let left = length; left > 0; left -= pieces.at(-1)?.length ?? 0) pieces.push(await some(left));
    return Buffer.concat(pieces);
  };
  const names: string[] = [];
  for (;;) {
    const block = await exactly(BLOCK);
    if (block.every(byte => byte === 0)) break;
    const { name, size } = readHeader(block);
    const handle = await open(path.join(folder, name), "wx", MODE);
    try {
      await write(handle, size, some);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await exactly(padding(size).length);
    names.push(name);
  }
  await drain();
  return names;
}
