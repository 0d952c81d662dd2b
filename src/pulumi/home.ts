/** Folders that the CLI needs: its home, and one on tmpfs for each operation. */
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

/** The path of a Unix socket has room for 107 bytes (unix(7)); macOS has 103. */
const MAX_SOCKET_PATH = 103;

/** The folder of plugins as a link; what is there already stays. */
async function linkPlugins(home: string, plugins: string): Promise<void> {
  try {
    await symlink(plugins, path.join(home, "plugins"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}

/** Makes our own PULUMI_HOME. Its `logs` is a plain file: each start of the CLI would list that folder and add to it. */
export async function prepareHome(home: string, plugins?: string): Promise<void> {
  await mkdir(home, { recursive: true, mode: 0o700 });
  if (plugins !== undefined) await linkPlugins(home, plugins);
  const logs = path.join(home, "logs");
  const there = await stat(logs).catch(() => undefined);
  if (there?.isFile()) return;
  await rm(logs, { recursive: true, force: true });
  await writeFile(logs, "");
}

export interface OperationFolder {
  readonly folder: string;
  /** For the events. */
  readonly socket: string;
  /** For dynamic providers. */
  readonly providers: string;
  readonly credentials: string;
  remove(): Promise<void>;
}

const OPERATION = /^[0-9a-f]{12}$/;

/**
 * Removes folders of operations that nobody has any more. A CLI that outlived its daemon makes its folder anew where it
 * is gone, for its credentials: to be called when all of those are ended, and before there are new ones.
 */
export async function removeOldOperations(runDir: string): Promise<void> {
  const old = (await readdir(runDir)).filter(name => OPERATION.test(name));
  await Promise.all(old.map(name => rm(path.join(runDir, name), { recursive: true, force: true })));
}

/** Folders that nobody else may enter; the socket is elsewhere where its path would be too long. */
export async function openOperationFolder(runDir: string): Promise<OperationFolder> {
  const folder = path.join(runDir, randomBytes(6).toString("hex"));
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const tooLong = Buffer.byteLength(path.join(folder, "e")) > MAX_SOCKET_PATH;
  const sockets = tooLong ? await mkdtemp(path.join(tmpdir(), "hf-")) : folder;
  return {
    folder,
    socket: path.join(sockets, "e"),
    providers: path.join(sockets, "d"),
    credentials: folder,
    async remove() {
      for (const made of new Set([folder, sockets])) await rm(made, { recursive: true, force: true });
    },
  };
}
