/** Every verb: its usage and its line in the help. Its module is loaded when it runs, so that `--help` loads nothing heavy. */
import type { Command } from "./command.ts";

export interface Verb {
  /** Name, then positionals: `<needed>`, `[optional]`, `[many..]`. */
  readonly usage: string;
  readonly describe: string;
  load(): Promise<{ readonly command: Command }>;
}

export const table: readonly Verb[] = [
  {
    usage: "doctor",
    describe: "what is there of all that holdfast needs, and what to do about the rest",
    load: () => import("./doctor.ts"),
  },
  {
    usage: "secrets <action> [files..]",
    describe: "edit, encrypt, check SOPS files with age; make a key",
    load: () => import("./secrets.ts"),
  },
];
