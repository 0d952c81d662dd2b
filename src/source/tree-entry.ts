/** One line of `git ls-tree -r -l -z`. */

export interface TreeEntry {
  readonly kind: "file" | "program" | "link" | "submodule";
  readonly object: string;
  /** Bytes; 0 for submodules. */
  readonly size: number;
  /** As the bytes in the tree, which need not be UTF-8. */
  readonly path: Buffer;
  /** The same for rules and messages; bytes that are no UTF-8 show as U+FFFD. */
  readonly name: string;
}

// mode SP type SP object SP+ size TAB path
const LINE = /^(\d{6}) (blob|commit) ([0-9a-f]{40,64}) +(\d+|-)$/;
const SUBMODULE = "160000";
const LINK = "120000";
/** Old commits hold 100664; whoever may execute decides, as git decides. */
const EXECUTABLE_BIT = 0o100;

/** Takes the listing apart. Undefined where a line is none that git writes: then the tree is damaged. */
export function parseListing(listing: Buffer): readonly TreeEntry[] | undefined {
  const entries: TreeEntry[] = [];
  let start = 0;
  for (let end = listing.indexOf(0, start); end !== -1; end = listing.indexOf(0, start)) {
    const entry = parseLine(listing.subarray(start, end));
    if (!entry) return undefined;
    entries.push(entry);
    start = end + 1;
  }
  return start === listing.length ? entries : undefined;
}

function parseLine(line: Buffer): TreeEntry | undefined {
  const tab = line.indexOf(0x09);
  const [, mode, , object, size] = LINE.exec(line.toString("latin1", 0, Math.max(tab, 0))) ?? [];
  if (mode === undefined || object === undefined) return undefined;
  const path = line.subarray(tab + 1);
  const bytes = size === "-" ? 0 : Number(size);
  return { kind: kindOf(mode), object, size: bytes, path, name: path.toString() };
}

function kindOf(mode: string): TreeEntry["kind"] {
  if (mode === SUBMODULE) return "submodule";
  if (mode === LINK) return "link";
  return (parseInt(mode, 8) & EXECUTABLE_BIT) === 0 ? "file" : "program";
}
