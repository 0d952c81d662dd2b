/** Puts a backup's files into a data folder. What was there is kept aside; the database comes last, whole. */
import { existsSync } from "node:fs";
import { mkdir, open, rename } from "node:fs/promises";
import path from "node:path";
import { DATABASE, type ManifestBody } from "./manifest.ts";
import { withWork } from "./make.ts";
import { openBackup, type Cipher, type OpenRequest } from "./open.ts";
import { fault, good, type Outcome } from "./target.ts";

export interface RestoreWorld {
  /** The data folder; nobody else works on it. */
  readonly data: string;
  /** Names of the files beside the database that belong to the state. */
  readonly keyFiles: readonly string[];
  readonly cipher: Cipher;
  readonly findDamage: OpenRequest["findDamage"];
  /** Schema steps in a database that this holdfast does not know. */
  readonly unknownMigrations: (file: string) => readonly string[];
  /** Takes out of a database what was true of another machine. */
  readonly forgetMachine: (file: string) => void;
  readonly now: () => number;
}

export interface Restored {
  readonly name: string;
  readonly body: ManifestBody;
  /** False: made with a key that we do not have, so nobody can tell whether it is ours. */
  readonly ours: boolean;
  readonly maker: string;
  /** Folder with what was there before; undefined: nothing was. */
  readonly aside?: string;
}

/** SQLite's log and index of a database belong to it, and to no other. */
const besides = (database: string): readonly string[] => [
  `${database}-wal`,
  `${database}-shm`,
  `${database}-journal`,
];

async function moveAside({ data, keyFiles, now }: RestoreWorld): Promise<string | undefined> {
  const names = [DATABASE, ...besides(DATABASE), ...keyFiles].filter(name =>
    existsSync(path.join(data, name)),
  );
  if (names.length === 0) return undefined;
  const stamp = new Date(now())
    .toISOString()
    .replace(/[-:]|\.\d+Z/g, "")
    .replace("T", "-");
  const aside = path.join(data, `before-restore-${stamp}`);
  await mkdir(aside, { mode: 0o700 });
  for (const name of names) await rename(path.join(data, name), path.join(aside, name));
  return aside;
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  await handle.sync().finally(() => handle.close());
}

/** Keys first: a database without its keys is worse than none. */
async function moveIn(data: string, from: string, names: readonly string[]): Promise<void> {
  const keys = names.filter(name => name !== DATABASE);
  for (const name of [...keys, DATABASE]) await rename(path.join(from, name), path.join(data, name));
  await syncFolder(data);
}

/** Only files that this holdfast knows get into the folder, whatever a manifest names. */
const known = ({ keyFiles }: RestoreWorld, body: ManifestBody): boolean =>
  body.files.every(({ name }) => name === DATABASE || keyFiles.includes(name));

/** A fault leaves the folder as it was. */
export async function restoreBackup(
  world: RestoreWorld,
  target: OpenRequest["target"],
  name: string,
): Promise<Outcome<Restored>> {
  const { data, cipher, findDamage } = world;
  return withWork(data, async work => {
    const opened = await openBackup({ target, name, cipher, folder: work, findDamage });
    if (!opened.ok) return opened;
    const { body, ours, maker } = opened.value;
    const file = path.join(work, DATABASE);
    const newer = world.unknownMigrations(file);
    if (newer.length > 0 || !known(world, body))
      return fault(
        `the backup ${name} was made by a newer holdfast (${body.holdfast})`,
        "restore it with that version",
      );
    world.forgetMachine(file);
    const aside = await moveAside(world);
    await moveIn(
      data,
      work,
      body.files.map(one => one.name),
    );
    return good({ name, body, ours, maker, ...(aside === undefined ? {} : { aside }) });
  });
}
