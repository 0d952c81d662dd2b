/** Folders that the CLI needs: its home, and one on tmpfs for each operation. */
import { randomBytes } from "node:crypto";
import { mkdir, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";

/** Makes our own PULUMI_HOME. Its `logs` is a plain file: each start of the CLI would list that folder and add to it. */
export async function prepareHome(home: string): Promise<void> {
  await mkdir(home, { recursive: true, mode: 0o700 });
  const logs = path.join(home, "logs");
  const there = await stat(logs).catch(() => undefined);
  if (there?.isFile()) return;
  await rm(logs, { recursive: true, force: true });
  await writeFile(logs, "");
}

export interface OperationFolder {
  readonly folder: string;
  /** For the events; short, because a socket's path may be. */
  readonly socket: string;
  readonly credentials: string;
  remove(): Promise<void>;
}

/** A folder that nobody else may enter. */
export async function openOperationFolder(runDir: string): Promise<OperationFolder> {
  const folder = path.join(runDir, randomBytes(6).toString("hex"));
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return {
    folder,
    socket: path.join(folder, "e"),
    credentials: folder,
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
