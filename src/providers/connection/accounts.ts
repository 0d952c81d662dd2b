/** User and group names of this machine, from /etc/passwd and /etc/group. */
import { readFile, stat } from "node:fs/promises";

interface Accounts {
  readonly idByName: ReadonlyMap<string, number>;
  readonly nameById: ReadonlyMap<number, string>;
}

const cache = new Map<string, { readonly stamp: string; readonly accounts: Accounts }>();

async function load(file: string): Promise<Accounts> {
  const { mtimeMs, size, ino } = await stat(file);
  const stamp = `${mtimeMs} ${size} ${ino}`;
  const known = cache.get(file);
  if (known?.stamp === stamp) return known.accounts;
  const pairs = (await readFile(file, "utf8"))
    .split("\n")
    .map(line => line.split(":"))
    .flatMap(([name, , id]) => (name && id && /^\d+$/.test(id) ? [{ name, id: Number(id) }] : []));
  // The first line with an id names it, as getpwuid does.
  const nameById = new Map([...pairs].reverse().map(({ name, id }) => [id, name]));
  const accounts = { idByName: new Map(pairs.map(({ name, id }) => [name, id])), nameById };
  cache.set(file, { stamp, accounts });
  return accounts;
}

const FILES = { user: "/etc/passwd", group: "/etc/group" } as const;

/** Undefined: no such name on this machine. */
export async function idOf(what: keyof typeof FILES, name: string): Promise<number | undefined> {
  if (/^\d+$/.test(name)) return Number(name);
  return (await load(FILES[what])).idByName.get(name);
}

/** The number as a text where it has no name. */
export async function nameOf(what: keyof typeof FILES, id: number): Promise<string> {
  return (await load(FILES[what])).nameById.get(id) ?? String(id);
}
