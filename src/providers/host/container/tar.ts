/** A folder as a tar file: the same bytes for the same content, whoever owns it and whenever it was written. Pure. */

export interface TarEntry {
  /** Relative, with slashes. */
  readonly path: string;
  readonly kind: "file" | "directory" | "symlink";
  readonly executable: boolean;
  /** Of a file. */
  readonly bytes: Buffer;
  /** Of a symlink: where it leads. */
  readonly target: string;
}

const BLOCK = 512;
const TYPES = { file: "0", directory: "5", symlink: "2" } as const;
/** GNU tar's ways to say a name and a link that are longer than their fields. */
const LONG_NAME = "L";
const LONG_LINK = "K";
const FIELD = 100;

const padded = (bytes: Buffer): readonly Buffer[] => [
  bytes,
  Buffer.alloc((BLOCK - (bytes.length % BLOCK)) % BLOCK),
];

function header(type: string, name: Buffer, link: Buffer, size: number, mode: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, length: number): void =>
    void block.write(`${value.toString(8).padStart(length - 1, "0")}\0`, at, "latin1");
  name.copy(block, 0, 0, FIELD);
  octal(mode, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(size, 124, 12);
  octal(0, 136, 12);
  block.write("        ", 148, "latin1");
  block.write(type, 156, "latin1");
  link.copy(block, 157, 0, FIELD);
  block.write("ustar  \0", 257, "latin1");
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return block;
}

function long(type: string, text: Buffer): readonly Buffer[] {
  if (text.length <= FIELD) return [];
  const bytes = Buffer.concat([text, Buffer.alloc(1)]);
  return [header(type, Buffer.from("././@LongLink"), Buffer.alloc(0), bytes.length, 0o644), ...padded(bytes)];
}

function entryBlocks({ path, kind, executable, bytes, target }: TarEntry): readonly Buffer[] {
  const name = Buffer.from(kind === "directory" ? `${path}/` : path);
  const link = Buffer.from(target);
  const mode = executable || kind !== "file" ? 0o755 : 0o644;
  return [
    ...long(LONG_LINK, link),
    ...long(LONG_NAME, name),
    header(TYPES[kind], name, link, bytes.length, mode),
    ...padded(bytes),
  ];
}

/** Folders must come before what is in them. */
export const tarOf = (entries: readonly TarEntry[]): Buffer =>
  Buffer.concat([...entries.flatMap(entryBlocks), Buffer.alloc(2 * BLOCK)]);
