/** A small file system of its own, in memory, for what happens when a disk is full. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Ending } from "./git.ts";

/** Its folder, until the test ends; undefined where this user may not mount. `size` as mount takes it, for example `48m`. */
export function smallDisk(t: Ending, size: string): string | undefined {
  const folder = mkdtempSync(path.join(tmpdir(), "hf-disk-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size},mode=700`, "tmpfs", folder], {
      stdio: "ignore",
    });
  } catch {
    rmdirSync(folder);
    return undefined;
  }
  t.after(() => {
    execFileSync("umount", ["-l", folder]);
    rmdirSync(folder);
  });
  return folder;
}
