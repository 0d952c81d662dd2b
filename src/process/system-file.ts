/** What the system tells in its files: /proc, /sys, /etc. */
import { readFileSync } from "node:fs";

/** "" where it is not there: a process ended, or this system has it elsewhere or not at all. */
export function systemFile(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
