/** Makes one backup: a copy of the database, packed, compressed, encrypted, put into the target, read back, checked. */
import { createHash, randomBytes } from "node:crypto";
import { createReadStream, createWriteStream, existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { hostname } from "node:os";
import path from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { constants, createZstdCompress } from "node:zlib";
import { fileEntry, pack, type ArchiveEntry } from "./archive.ts";
import { DATABASE, MANIFEST, writeManifest, type ManifestBody, type StackLine } from "./manifest.ts";
import { isAlive } from "../process/signal.ts";
import { backupName, type Occasion } from "./name.ts";
import { openBackup, type Cipher } from "./open.ts";
import { removable, type Retention } from "./retention.ts";
import { fault, good, type BackupTarget, type Outcome } from "./target.ts";

export interface BackupWorld {
  /** The data folder. */
  readonly data: string;
  /** Files of the data folder that belong to a backup beside the database, where they are there: keys. */
  readonly keyFiles: readonly string[];
  /** Copies the database to a file that is not there yet. */
  readonly snapshot: (into: string) => Promise<void>;
  /** What is wrong with a database; undefined where it is whole. */
  readonly findDamage: (file: string) => Promise<string | undefined>;
  readonly summarize: (file: string) => {
    readonly repository?: string;
    readonly stacks: readonly StackLine[];
    readonly runs: number;
    readonly tokens: number;
  };
  readonly cipher: Cipher;
  /** age1… of others who are to be able to read backups: a key in a safe. */
  readonly recipients: readonly string[];
  readonly branch: string;
  readonly version: string;
  readonly now: () => number;
}

export interface MadeBackup {
  readonly name: string;
  readonly at: number;
  /** Bytes in the target. */
  readonly size: number;
  readonly where: string;
  readonly stacks: number;
  /** Older ones that went. */
  readonly removed: readonly string[];
  /** Why older ones could not be removed; the backup itself is good. */
  readonly warning?: string;
}

/** Half of what the best levels save, at a tenth of their time: 5 ms a megabyte. */
const ZSTD_LEVEL = 3;
const WORK = "backup-work";

async function hashOf(file: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  return hash.digest("hex");
}

interface Source {
  readonly name: string;
  readonly file: string;
}

async function describe(sources: readonly Source[]): Promise<ManifestBody["files"]> {
  return Promise.all(
    sources.map(async ({ name, file }) => ({
      name,
      size: (await stat(file)).size,
      sha256: await hashOf(file),
    })),
  );
}

/** The copy, and the files that it is of no use without. */
async function collect(world: BackupWorld, work: string): Promise<readonly Source[]> {
  const copy = path.join(work, DATABASE);
  await world.snapshot(copy);
  const keys = world.keyFiles.filter(name => existsSync(path.join(world.data, name)));
  return [{ name: DATABASE, file: copy }, ...keys.map(name => ({ name, file: path.join(world.data, name) }))];
}

async function manifestOf(
  world: BackupWorld,
  occasion: Occasion,
  files: ManifestBody["files"],
  copy: string,
): Promise<{ readonly body: ManifestBody; readonly text: Buffer }> {
  const body: ManifestBody = {
    version: 1,
    madeAt: world.now(),
    occasion,
    holdfast: world.version,
    host: hostname(),
    branch: world.branch,
    ...world.summarize(copy),
    files,
  };
  const text = JSON.stringify(body);
  const mark = await world.cipher.mark(text);
  if (!mark) throw new Error("an identity that was there is gone");
  return { body, text: writeManifest({ body: text, mark }) };
}

/** Packed and compressed; what fails in it is an error of the stream. */
function packed(entries: readonly ArchiveEntry[], at: number): Readable {
  const compress = createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL } });
  const tar = Readable.from(pack(entries, at), { objectMode: false });
  pipeline(tar, compress).catch((error: unknown) => compress.destroy(toError(error)));
  return compress;
}

const toError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));

async function recipientsOf({ cipher, recipients }: BackupWorld): Promise<Outcome<readonly string[]>> {
  const own = await cipher.sealer.own();
  if (own.recipients.length > 0) return good([...own.recipients, ...recipients]);
  const seen = own.problems.length > 0 ? ` (${own.problems.join("; ")})` : "";
  return fault(`no age key was found; looked in ${own.looked.join(", ")}${seen}`, NO_KEY_HINT);
}

const NO_KEY_HINT = "set SOPS_AGE_KEY_FILE to your key file, or make a key with `holdfast secrets key`";

/** The whole backup as an encrypted file in the work folder. */
async function seal(
  world: BackupWorld,
  occasion: Occasion,
  work: string,
): Promise<Outcome<{ readonly file: string; readonly body: ManifestBody }>> {
  const recipients = await recipientsOf(world);
  if (!recipients.ok) return recipients;
  const sources = await collect(world, work);
  const files = await describe(sources);
  const copy = path.join(work, DATABASE);
  const { body, text } = await manifestOf(world, occasion, files, copy);
  const entries: ArchiveEntry[] = [
    { name: MANIFEST, size: text.length, content: [text] },
    ...sources.map(({ name, file }, index) => fileEntry(name, file, files[index]?.size ?? 0)),
  ];
  const plain = Readable.toWeb(packed(entries, body.madeAt));
  const sealed = await world.cipher.sealer.sealStream(recipients.value, plain);
  if (!sealed.ok) return fault("it could not be encrypted: one of backups.recipients is no age recipient");
  const file = path.join(work, "sealed");
  await pipeline(Readable.fromWeb(sealed.value), createWriteStream(file, { mode: 0o600 }));
  await rm(copy);
  return good({ file, body });
}

/** Reads it back from the target, whole: what cannot be restored is no backup. */
async function verify(
  world: BackupWorld,
  target: BackupTarget,
  name: string,
  work: string,
): Promise<Outcome<void>> {
  const folder = path.join(work, "again");
  await mkdir(folder);
  const opened = await openBackup({
    target,
    name,
    cipher: world.cipher,
    folder,
    findDamage: world.findDamage,
  });
  return opened.ok ? good(undefined) : opened;
}

async function thin(
  target: BackupTarget,
  keep: Retention,
  now: number,
): Promise<Pick<MadeBackup, "removed" | "warning">> {
  const listed = await target.list();
  if (!listed.ok) return { removed: [], warning: listed.why };
  const removed = removable(listed.value, keep, now).map(({ name }) => name);
  const gone = await target.remove(removed);
  return gone.ok ? { removed } : { removed: [], warning: gone.why };
}

export async function withWork<T>(data: string, use: (work: string) => Promise<T>): Promise<T> {
  const base = path.join(data, WORK);
  await mkdir(base, { recursive: true, mode: 0o700 });
  const work = await mkdtemp(path.join(base, `${process.pid}-`));
  try {
    return await use(work);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** One backup into `target`. A fault leaves no backup's name there that is not whole, where the target lets us remove it. */
export async function makeBackup(
  world: BackupWorld,
  target: BackupTarget,
  occasion: Occasion,
  keep: Retention,
): Promise<Outcome<MadeBackup>> {
  return withWork(world.data, async work => {
    const sealed = await seal(world, occasion, work);
    if (!sealed.ok) return sealed;
    const { file, body } = sealed.value;
    const { size } = await stat(file);
    const name = backupName(body.madeAt, occasion, randomBytes(4).toString("hex"));
    const put = await target.put(name, file);
    if (!put.ok) return put;
    await rm(file);
    const verified = await verify(world, target, name, work);
    if (!verified.ok) {
      await target.remove([name]);
      return verified;
    }
    const made = { name, at: body.madeAt, size, where: target.where, stacks: body.stacks.length };
    return good({ ...made, ...(await thin(target, keep, world.now())) });
  });
}

/** What a killed backup left in the data folder; one that another process makes now stays. */
export async function removeWork(data: string): Promise<void> {
  const base = path.join(data, WORK);
  if (!existsSync(base)) return;
  for (const name of await readdir(base))
    if (!isAlive(Number.parseInt(name, 10)))
      await rm(path.join(base, name), { recursive: true, force: true });
}
