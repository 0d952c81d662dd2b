/** holdfast as people run it: the real command in processes of its own, on a repository, a data folder and a sandbox. */
import { spawn, type ChildProcess } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import path from "node:path";
import { runDirOf } from "../../src/commands/wire-found.ts";
import { makeRepository, removeTree, type Ending, type Files, type TestRepository } from "./git.ts";

export const HOLDFAST = path.resolve(import.meta.dirname, "../../bin/holdfast");
const LOOK_AGAIN_MS = 10;
/** Far more than anything here takes; a test that waits so long has found something. */
const PATIENCE_MS = 120_000;

/** Waits for a condition, and says what it waited for where it never comes. */
export async function until<T>(what: string, look: () => T | Promise<T>): Promise<NonNullable<T>> {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== null && seen !== false) return seen;
    if (Date.now() > end) throw new Error(`waited in vain: ${what}`);
    await new Promise(resolve => setTimeout(resolve, LOOK_AGAIN_MS));
  }
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly pid: number;
  readonly ended: Promise<Ended>;
  stdout(): string;
  stderr(): string;
  kill(signal: NodeJS.Signals): void;
}

export interface Daemon extends Running {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
}

export interface Process {
  readonly pid: number;
  readonly command: string;
}

/** A document whose form the test knows and says by what it looks at. */
export type Json = { readonly [key: string]: Json } & readonly Json[] & string;

export interface Stage {
  readonly base: string;
  readonly data: string;
  /** Folder that stands for the host. */
  readonly sandbox: string;
  /** The program waits in the middle of an apply until this file, with the generation's number behind its name, is there. */
  readonly gate: string;
  readonly repository: TestRepository;
  readonly env: Readonly<Record<string, string>>;
  start(args: readonly string[], more?: Partial<StartOptions>): Running;
  /** Starts another program, with this environment alone. */
  startProgram(
    program: string,
    args: readonly string[],
    env: Readonly<Record<string, string>>,
    cwd: string,
  ): Running;
  /** Runs another program to its end, with more in its environment. */
  runProgram(program: string, args: readonly string[], env: Readonly<Record<string, string>>): Promise<Ended>;
  /** Runs a command to its end. */
  run(args: readonly string[], more?: Partial<StartOptions>): Promise<Ended>;
  /** Starts the daemon; resolves when it listens. */
  serve(args?: readonly string[], more?: Partial<StartOptions>): Promise<Daemon>;
  openGate(generation: number): void;
  /** From now on every plan waits, for ever. */
  blockPlans(): void;
  /** Names of the files on the target. */
  files(): string[];
  /** What lives now and belongs to this stage: pid and command line. */
  processes(): Process[];
  /** A JSON document of one of its commands. */
  json(...args: readonly string[]): Promise<Json>;
}

export interface StartOptions {
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** A process group of its own, so that the group can be killed without ours. */
  readonly detached: boolean;
}

/** Everything that the stage starts has the stage's own HOME in its environment, or its folder in its command line. */
function processesOf(base: string): Process[] {
  return readdirSync("/proc")
    .filter(name => /^\d+$/.test(name))
    .flatMap(name => {
      try {
        const command = readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ").trim();
        if (command === "") return []; // a zombie
        const environment = readFileSync(`/proc/${name}/environ`, "utf8");
        return command.includes(base) || environment.includes(base) ? [{ pid: Number(name), command }] : [];
      } catch {
        return []; // gone while we looked
      }
    });
}

function startProcess(command: string, args: readonly string[], options: StartOptions): Running {
  const { cwd, env, detached } = options;
  const child: ChildProcess = spawn(command, args, { cwd, env, detached, stdio: ["ignore", "pipe", "pipe"] });
  let [stdout, stderr] = ["", ""];
  child.stdout?.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => {
      // Helpers that outlive it hold the pipes: what it said itself has come by then.
      setImmediate(() => resolve({ code, signal, stdout, stderr }));
    });
  });
  return {
    pid: child.pid ?? 0,
    ended,
    stdout: () => stdout,
    stderr: () => stderr,
    kill: signal => void process.kill(detached ? -(child.pid ?? 0) : (child.pid ?? 0), signal),
  };
}

/** A folder's files below it, by their names. */
const listing = (folder: string): string[] => (existsSync(folder) ? readdirSync(folder).sort() : []);

export interface StageOptions {
  readonly files: (at: { readonly sandbox: string; readonly gate: string }) => Files;
}

/** Everything is removed, and whatever still lives is ended, after the test. */
export function makeStage(t: Ending, { files }: StageOptions): Stage {
  const base = mkdtempSync(path.join(tmpdir(), "hf-stage-"));
  const gates = path.join(base, "gates");
  mkdirSync(gates, { mode: 0o755 });
  const [data, sandbox, gate] = ["data", "sandbox", "gates/gate"].map(name => path.join(base, name)) as [
    string,
    string,
    string,
  ];
  mkdirSync(path.join(base, "home"));
  t.after(async () => {
    const alive = (): Process[] => processesOf(base);
    for (const { pid } of alive()) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // gone meanwhile
      }
    }
    await until("the stage's processes are gone", () => alive().length === 0);
    removeTree(base);
    // Of a daemon that was killed for good.
    rmSync(runDirOf(data), { recursive: true, force: true });
  });
  const repository = makeRepository(t, { files: files({ sandbox, gate }) });
  const env = {
    PATH: process.env["PATH"] ?? "",
    HOME: path.join(base, "home"),
    USER: "ada",
    XDG_CACHE_HOME: process.env["XDG_CACHE_HOME"] ?? path.join(homedir(), ".cache"),
    HOLDFAST_REPO: repository.url,
    HOLDFAST_DATA: data,
    HOLDFAST_WORKERS: "1",
    // What a test does to a target by hand stays until it, or its holdfast.yaml, wants it looked at.
    HOLDFAST_PROBE: "off",
    HOLDFAST_PROGRAM_FOLDERS: gates,
  };
  const start: Stage["start"] = (args, more = {}) => {
    const options = { cwd: base, detached: false, ...more, env: { ...env, ...more.env } };
    return startProcess(HOLDFAST, args, options);
  };
  return {
    base,
    data,
    sandbox,
    gate,
    repository,
    env,
    start,
    run: (args, more) => start(args, more).ended,
    startProgram: (program, args, env, cwd) => startProcess(program, args, { cwd, env, detached: false }),
    runProgram: (program, args, more) =>
      startProcess(program, args, { cwd: base, detached: false, env: { ...env, ...more } }).ended,
    async json(...args) {
      const { code, stdout, stderr } = await start([...args, "--json"]).ended;
      if (stdout === "") throw new Error(`${args.join(" ")} ended with ${code}: ${stderr}`);
      return JSON.parse(stdout) as Json;
    },
    async serve(args = [], more) {
      const running = start(["serve", "--listen", "127.0.0.1:0", ...args], more);
      const url = await until("the daemon listens", async () => {
        const said = /; (http:\/\/\S+)/.exec(running.stderr())?.[1];
        if (said !== undefined) return said;
        const ended = await Promise.race([running.ended, Promise.resolve(undefined)]);
        if (ended) throw new Error(`the daemon ended with ${ended.code}: ${ended.stderr}`);
        return undefined;
      });
      return { ...running, url };
    },
    blockPlans: () => writeFileSync(`${gate}-plan`, ""),
    openGate: generation => writeFileSync(gate + String(generation), ""),
    files: () => listing(sandbox),
    processes: () => processesOf(base),
  };
}

/** Files of one generation beside the gated one. */
export const PER_GENERATION = 24;
const FREE = 8;
const number = (n: number): string => String(n).padStart(2, "0");

/** Generations 1 to `newest`: of each some files at once, then a chain, then one that waits at the gate: its apply has a middle for certain. */
export function generations({ sandbox, gate }: Pick<Stage, "sandbox" | "gate">, newest: number): Files {
  return {
    "holdfast.yaml": 'stacks:\n  "*": { firstApply: allow, drift: { every: 1h }, interval: 1s }\n',
    "app/Pulumi.yaml": "name: app\nruntime: nodejs\n",
    "app/Pulumi.prod.yaml": "{}\n",
    "app/index.ts": `import { existsSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { File, Host } from "holdfast/host";

const host = new Host("target", { connection: ${JSON.stringify(`local:${sandbox}`)} });
async function atTheGate(generation: number): Promise<string> {
  const gate = ${JSON.stringify(gate)} + String(generation);
  const waits = (): boolean =>
    pulumi.runtime.isDryRun() ? existsSync(${JSON.stringify(gate)} + "-plan") : !existsSync(gate);
  while (waits()) await new Promise(resolve => setTimeout(resolve, 20));
  return "last\\n";
}
for (let generation = 1; generation <= ${newest}; generation++) {
  let before: File | undefined;
  for (let n = 0; n < ${PER_GENERATION}; n++) {
    const name = generation + "-" + String(n).padStart(2, "0");
    const options = n >= ${FREE} && before ? { dependsOn: before } : {};
    before = new File(name, { host, path: "/" + name, content: name + "\\n" }, options);
  }
  new File(generation + "-last", { host, path: "/" + generation + "-last", content: atTheGate(generation) });
}
`,
  };
}

/** What the target holds when generations 1 to `newest` are there. */
export const filesOf = (newest: number): string[] =>
  Array.from({ length: newest }, (_, index) => index + 1)
    .flatMap(generation => [
      ...Array.from({ length: PER_GENERATION }, (_, n) => `${generation}-${number(n)}`),
      `${generation}-last`,
    ])
    .sort();

/** Some files of a generation are there, its last one is not: the apply is in its middle. */
export const inTheMiddle = (stage: Stage, generation: number): Promise<boolean> =>
  until(`generation ${generation} is half there`, () => {
    const own = stage.files().filter(name => name.startsWith(`${generation}-`));
    return own.length > FREE && !own.includes(`${generation}-last`);
  });
