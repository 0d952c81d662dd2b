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
    usage: "serve",
    describe: "follow the repository and keep everything equal to it",
    load: () => import("./serve.ts"),
  },
  {
    usage: "sync [stacks..]",
    describe: "one pass: fetch, plan, gate, apply",
    load: () => import("./sync.ts"),
  },
  {
    usage: "plan [stacks..]",
    describe: "what a sync would do; changes nothing",
    load: () => import("./plan.ts"),
  },
  {
    usage: "drift [stacks..]",
    describe: "what differs between reality and the deployed revision; changes nothing",
    load: () => import("./drift.ts"),
  },
  {
    usage: "status",
    describe: "what is deployed, by which commit, when checked, why held",
    load: () => import("./status.ts"),
  },
  {
    usage: "history [stack]",
    describe: "the runs: commit, author, trigger, what they did, how long",
    load: () => import("./history.ts"),
  },
  {
    usage: "show <run>",
    describe: "a run in full: plan, result, times, log",
    load: () => import("./show.ts"),
  },
  {
    usage: "approve <run>",
    describe: "let a held plan be applied, as long as it is still the same",
    load: () => import("./approve.ts"),
  },
  {
    usage: "pause <stack>",
    describe: "leave a stack alone until it is resumed",
    load: () => import("./pause.ts"),
  },
  {
    usage: "resume <stack>",
    describe: "end a pause",
    load: () => import("./resume.ts"),
  },
  {
    usage: "unlock <stack>",
    describe: "who holds a stack, and what has no known end; with --yes, end it",
    load: () => import("./unlock.ts"),
  },
  {
    usage: "rollback <stack>",
    describe: "the commit that takes back what came after an older one",
    load: () => import("./rollback.ts"),
  },
  {
    usage: "destroy <stack>",
    describe: "delete all that a stack made; planned and gated like an apply",
    load: () => import("./destroy.ts"),
  },
  {
    usage: "import-state [stack] [from]",
    describe: "take over states from a backend of Pulumi's own, or from a `pulumi stack export`",
    load: () => import("./import-state.ts"),
  },
  {
    usage: "export-state <stack>",
    describe: "a stack's state on stdout, or moved to a backend of Pulumi's own",
    load: () => import("./export-state.ts"),
  },
  {
    usage: "backup [action]",
    describe: "make an encrypted backup of everything that holdfast remembers; list them",
    load: () => import("./backup.ts"),
  },
  {
    usage: "restore [from]",
    describe: "bring everything that holdfast remembers back from a backup",
    load: () => import("./restore.ts"),
  },
  {
    usage: "keys <action>",
    describe: "what the state's secrets are encrypted with: list, rotate",
    load: () => import("./keys.ts"),
  },
  {
    usage: "token <action> [name]",
    describe: "access for people: to the API and, with `pulumi login`, to the state",
    load: () => import("./token.ts"),
  },
  {
    usage: "pulumi",
    describe: "the plain Pulumi CLI on holdfast's state: `holdfast pulumi -- stack ls`",
    load: () => import("./pulumi.ts"),
  },
  {
    usage: "init [dir]",
    describe: "put a starter estate into a folder",
    load: () => import("./init.ts"),
  },
  {
    usage: "install",
    describe: "a systemd unit for the daemon",
    load: () => import("./install.ts"),
  },
  {
    usage: "demo",
    describe: "the story end to end, in a temporary folder",
    load: () => import("./demo.ts"),
  },
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
