/** A folder in memory (tmpfs) for the plain text that an editor must see; gone afterwards on every path. */
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { isAlive } from "../process/signal.ts";

const PREFIX = "holdfast-edit-";
/** Shared memory is never written to a disk, but for swap. */
const MEMORY = "/dev/shm";

function base(): string {
  return statSync(MEMORY, { throwIfNoEntry: false })?.isDirectory() ? MEMORY : tmpdir();
}

/** Removes what an editor session that was killed hard has left. Only our own user's folders can be removed, which is right. */
function sweep(folder: string): void {
  const uid = process.getuid?.();
  for (const name of readdirSync(folder)) {
    const [, pid] = /^holdfast-edit-(\d+)-/.exec(name) ?? [];
    if (pid === undefined || isAlive(Number(pid))) continue;
    const file = path.join(folder, name);
    if (statSync(file, { throwIfNoEntry: false })?.uid === uid)
      rmSync(file, { recursive: true, force: true });
  }
}

export interface PrivateFolder {
  readonly path: string;
  /** Safe to call twice, and in a signal handler. */
  remove(): void;
}

/** Mode 0700, as mkdtemp makes it. */
export function privateFolder(): PrivateFolder {
  const parent = base();
  sweep(parent);
  const folder = mkdtempSync(path.join(parent, `${PREFIX}${process.pid}-`));
  return { path: folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
