/** Backups in a folder: written aside, made durable, then renamed, so that what has a backup's name is whole. */
import { createReadStream, statSync } from "node:fs";
import { copyFile, mkdir, open, readdir, rename, rm } from "node:fs/promises";
import path from "node:path";
import { parseBackupName } from "./name.ts";
import { fault, good, type BackupTarget, type Outcome, type StoredBackup } from "./target.ts";

const PARTIAL = ".partial-";
/** Longer than any backup takes to be written. */
const PARTIAL_KEPT_MS = 86_400_000;
/** Only its owner: encrypted, and still nobody else's. */
const FOLDER_MODE = 0o700;

const WORDS: Readonly<Record<string, string>> = {
  ENOSPC: "its disk is full",
  EDQUOT: "its quota is used up",
  EACCES: "this user may not write there",
  EPERM: "this user may not write there",
  EROFS: "its file system is read-only",
  ENOENT: "it is not there",
  ENOTDIR: "a part of this path is a file",
  EEXIST: "there is a file of this name, where a folder is needed",
};

const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;

/** What the system refuses is the folder's fault; anything else is thrown on. */
async function attempt<T>(where: string, work: () => Promise<T>): Promise<Outcome<T>> {
  try {
    return good(await work());
  } catch (error) {
    const code = codeOf(error);
    if (code === undefined) throw error;
    return fault(
      `${where}: ${WORDS[code] ?? code}`,
      "make room or give another folder: backups.to in settings.yaml",
    );
  }
}

async function makeDurable(file: string): Promise<void> {
  const handle = await open(file, "r");
  await handle.sync().finally(() => handle.close());
}

async function place(folder: string, name: string, file: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
  const partial = path.join(folder, `${PARTIAL}${name}`);
  try {
    await copyFile(file, partial);
    await makeDurable(partial);
    await rename(partial, path.join(folder, name));
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
  await makeDurable(folder);
}

async function entries(folder: string): Promise<StoredBackup[]> {
  const names = (await readdir(folder)).flatMap(name => parseBackupName(name) ?? []);
  return names.flatMap(one => {
    const size = statSync(path.join(folder, one.name), { throwIfNoEntry: false })?.size;
    return size === undefined ? [] : [{ ...one, size }];
  });
}

/** What a killed process left half written. Another may be writing now: only old ones go. */
async function removePartials(folder: string): Promise<void> {
  for (const name of (await readdir(folder)).filter(one => one.startsWith(PARTIAL))) {
    const file = path.join(folder, name);
    const written = statSync(file, { throwIfNoEntry: false })?.mtimeMs;
    if (written !== undefined && Date.now() - written > PARTIAL_KEPT_MS) await rm(file, { force: true });
  }
}

/** `folder` is absolute; it is made when it is first written to. */
export function createFolderTarget(folder: string): BackupTarget {
  const inside = <T>(work: () => Promise<T>): Promise<Outcome<T>> => attempt(folder, work);
  return {
    where: folder,
    put: (name, file) => inside(() => place(folder, name, file)),
    list: () =>
      inside(async () => {
        try {
          return await entries(folder);
        } catch (error) {
          if (codeOf(error) === "ENOENT") return [];
          throw error;
        }
      }),
    read: name =>
      inside(async () => {
        const handle = await open(path.join(folder, name), "r");
        return createReadStream("", { fd: handle });
      }),
    remove: names =>
      inside(async () => {
        for (const name of names) await rm(path.join(folder, name), { force: true });
        await removePartials(folder);
      }),
  };
}
