/**
 * Git objects as nobody's Git would write them: trees with any names and modes, in any order. They are written as loose
 * objects without a process for each, so that large and deep trees cost little.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { deflateSync } from "node:zlib";
import type { TestRepository } from "./git.ts";

/** One line of a tree. Names are bytes, as Latin-1 text. */
export interface Line {
  readonly mode: "100644" | "100755" | "120000" | "160000" | "40000";
  readonly name: string;
  readonly object: string;
}

export interface Forge {
  blob(content: string | Buffer): string;
  /** As the lines are, unsorted and unchecked. */
  tree(lines: readonly Line[]): string;
  /** A tree of files by their paths; folders are made, and sorted as Git sorts. */
  files(content: Readonly<Record<string, string>>): string;
  /** Makes a commit with this tree, on top of what is there, the head of the branch on the server. Answers its id. */
  push(tree: string): string;
  /** Takes the last commit away again. */
  reset(): void;
}

export const file = (name: string, object: string): Line => ({ mode: "100644", name, object });
export const folder = (name: string, object: string): Line => ({ mode: "40000", name, object });
export const link = (name: string, object: string): Line => ({ mode: "120000", name, object });
/** A submodule's commit. */
export const gitlink = (name: string, object = "1".repeat(40)): Line => ({ mode: "160000", name, object });

function write(objects: string, type: string, body: Buffer): string {
  const whole = Buffer.concat([Buffer.from(`${type} ${body.length}\0`), body]);
  const id = createHash("sha1").update(whole).digest("hex");
  const target = path.join(objects, id.slice(0, 2), id.slice(2));
  mkdirSync(path.dirname(target), { recursive: true });
  if (!existsSync(target)) writeFileSync(target, deflateSync(whole, { level: 1 }));
  return id;
}

/** A folder's name sorts as if it ended in a slash. */
const sortKey = ({ mode, name }: Line): string => (mode === "40000" ? `${name}/` : name);
const byName = (a: Line, b: Line): number =>
  Buffer.compare(Buffer.from(sortKey(a), "latin1"), Buffer.from(sortKey(b), "latin1"));

export function forge(repository: TestRepository): Forge {
  const objects = path.join(repository.bare, "objects");
  const ref = path.join(repository.bare, "refs", "heads", repository.branch);
  let before = "";
  const blob = (content: string | Buffer): string => write(objects, "blob", Buffer.from(content));
  const tree = (lines: readonly Line[]): string => {
    const raw = lines.map(({ mode, name, object }) =>
      Buffer.concat([Buffer.from(`${mode} ${name}\0`, "latin1"), Buffer.from(object, "hex")]),
    );
    return write(objects, "tree", Buffer.concat(raw));
  };
  const files = (content: Readonly<Record<string, string>>): string => {
    const below = new Map<string, Record<string, string>>();
    const lines: Line[] = [];
    for (const [name, text] of Object.entries(content)) {
      const slash = name.indexOf("/");
      if (slash === -1) lines.push(file(name, blob(text)));
      else {
        const inner = below.get(name.slice(0, slash)) ?? {};
        below.set(name.slice(0, slash), { ...inner, [name.slice(slash + 1)]: text });
      }
    }
    for (const [name, inner] of below) lines.push(folder(name, files(inner)));
    return tree(lines.sort(byName));
  };
  return {
    blob,
    tree,
    files,
    push(root) {
      const who = "Ada Example <ada@example.org> 1700000000 +0000";
      before = readFileSync(ref, "utf8");
      const text = `tree ${root}\nparent ${before.trim()}\nauthor ${who}\ncommitter ${who}\n\nforged\n`;
      const commit = write(objects, "commit", Buffer.from(text));
      writeFileSync(ref, `${commit}\n`);
      return commit;
    },
    reset: () => writeFileSync(ref, before),
  };
}
