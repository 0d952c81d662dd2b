/** Starts the process behind a program: in a box where there is isolation, as our own user where there is none. */
import { spawn, type ChildProcess, type StdioOptions } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { constants } from "node:os";
import path from "node:path";
import type { Duplex } from "node:stream";
import { EXIT_NO_BOX, SHOW_FD, type Box } from "../process/isolation/box.ts";
import type { Isolation } from "../process/isolation/isolation.ts";
import type { Limits } from "../process/isolation/limits.ts";
import { onLines } from "../process/lines.ts";
import { openDoor, type Door } from "./door/door.ts";
import type { Network } from "./door/network.ts";
import type { BootOptions } from "./worker/run-message.ts";

const BOOT = path.join(import.meta.dirname, "worker", "boot.ts");

/** What keeps programs away from the machine. */
export interface ProgramBox {
  readonly isolation: Isolation;
  readonly network: Network;
  /** Absolute folders that every program may read. */
  readonly folders?: readonly string[];
}

export interface StartOptions {
  readonly sdk: string;
  readonly holdfast: string;
  /** Folder of all compiled code. */
  readonly cache: string;
  readonly env: Readonly<Record<string, string>>;
  readonly nodeArgs?: readonly string[];
  readonly cwd?: string;
  /** Absolute folders that it sees from the start, in a box. */
  readonly readable?: readonly string[];
  readonly box?: ProgramBox;
}

export interface Addresses {
  readonly engine: string;
  readonly monitor: string;
}

export interface Started {
  readonly child: ChildProcess;
  /** Shows folders to the process, and takes the right to write compiled code from it. False: it could not be done. */
  readonly settle: (readable: readonly string[]) => Promise<boolean>;
  /** The addresses as the process reaches them. */
  readonly lead: (addresses: Addresses | Promise<Addresses>) => Promise<Addresses>;
  /** Which limit of its box it came to, where anybody can tell. */
  readonly reached: () => keyof Limits | undefined;
}

function spawnNode(
  command: string,
  args: readonly string[],
  options: { cwd: string; env: Record<string, string>; stdio: StdioOptions },
): ChildProcess {
  return spawn(command, args, { ...options, detached: true });
}

function startPlain(options: StartOptions): Started {
  const idle = path.join(options.cache, "idle");
  mkdirSync(idle, { recursive: true, mode: 0o700 });
  const boot: BootOptions = {
    sdk: options.sdk,
    holdfast: options.holdfast,
    cache: options.cache,
    transpiled: path.join(options.cache, "transpiled"),
  };
  const child = spawnNode(process.execPath, [...(options.nodeArgs ?? []), BOOT, JSON.stringify(boot)], {
    cwd: options.cwd ?? idle,
    env: { ...options.env },
    stdio: ["ignore", "pipe", "pipe", "pipe"],
  });
  return { child, settle: async () => true, lead: async addresses => addresses, reached: () => undefined };
}

/**
 * Code that is compiled by one SDK's processes is for that SDK's alone, and is written only before they know what they
 * run: what one project's packages leave there, no other project loads.
 */
export function compiledCodeOf(
  { cache, sdk }: Pick<StartOptions, "cache" | "sdk">,
  { hold }: Isolation,
): string {
  const key = createHash("sha256").update(`${sdk}\0${process.version}\0${hold}`).digest("hex").slice(0, 16);
  const folder = path.join(cache, key);
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  return folder;
}

/** The packages around the SDK: it loads its own dependencies before the program's folders are known. */
export const packagesAround = (sdk: string): string => {
  const at = sdk.indexOf("/node_modules/");
  return at === -1 ? sdk : sdk.slice(0, at + "/node_modules".length);
};

/** Lines to box.sh, each answered in order. */
function teller(child: ChildProcess): (line: string) => Promise<boolean> {
  const waiting: ((done: boolean) => void)[] = [];
  const control = child.stdio[SHOW_FD] as Duplex;
  let gone = false;
  const giveUp = (): void => {
    gone = true;
    for (const answer of waiting.splice(0)) answer(false);
  };
  control.on("error", giveUp);
  control.on("close", giveUp);
  onLines(control, line => waiting.shift()?.(line === "done"));
  return line => {
    if (gone) return Promise.resolve(false);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    waiting.push(resolve);
    control.write(`${line}\n`);
    return promise;
  };
}

/** Of a program's memory: the rest is for what is not in V8's heap. V8's own default knows nothing of our limit. */
const HEAP_SHARE = 0.8;

const heapOption = ({ memory }: Limits): string =>
  `--max-old-space-size=${Math.floor((memory * HEAP_SHARE) / 1024 ** 2)}`;

function spawnBoxed(options: StartOptions, box: Box, cache: string, limits: Limits): ChildProcess {
  const boot: BootOptions = {
    sdk: options.sdk,
    holdfast: options.holdfast,
    cache,
    transpiled: "/tmp",
    door: box.inside,
  };
  // Those of a project come later, and count.
  const nodeArgs = [heapOption(limits), ...(options.nodeArgs ?? [])];
  const node = box.wrap(process.execPath, [...nodeArgs, BOOT, JSON.stringify(boot)]);
  return spawnNode(node.command, node.args, {
    cwd: "/",
    env: { ...options.env, ...box.env },
    stdio: ["ignore", "pipe", "pipe", "pipe", "pipe"],
  });
}

function startBoxed(options: StartOptions, { isolation, network, folders = [] }: ProgramBox): Started {
  const cache = compiledCodeOf(options, isolation);
  const box = isolation.box({
    as: "program",
    readable: [packagesAround(options.sdk), ...folders, ...(options.readable ?? [])],
    writable: [cache],
    cwd: options.cwd ?? "/tmp",
    shows: true,
  });
  const door: Promise<Door> = openDoor({ outside: box.outside, inside: box.inside, network });
  // Who needs it, awaits it, and sees the error.
  door.catch(() => undefined);
  const child = spawnBoxed(options, box, cache, isolation.limits);
  const tell = teller(child);
  const remove = (): void => {
    void door
      .then(
        open => open.close(),
        () => undefined,
      )
      .finally(() => box.remove());
  };
  let limit: keyof Limits | undefined;
  child.once("exit", () => {
    limit = box.reached();
    remove();
  });
  child.once("error", remove);
  return {
    child,
    async settle(readable) {
      if (child.pid !== undefined) box.watch(child.pid);
      const lines = [`hide ${cache}`, `show ${cache}`, ...readable.map(folder => `show ${folder}`)];
      const answers = await Promise.all(lines.map(tell));
      return answers.every(Boolean);
    },
    async lead(addresses) {
      const open = await door;
      const far = Promise.resolve(addresses);
      const [engine, monitor] = await Promise.all([
        open.lead(
          "engine",
          far.then(known => known.engine),
        ),
        open.lead(
          "monitor",
          far.then(known => known.monitor),
        ),
      ]);
      return { engine, monitor };
    },
    reached: () => limit ?? box.reached(),
  };
}

export const startProcess = (options: StartOptions): Started =>
  options.box ? startBoxed(options, options.box) : startPlain(options);

const SIGNALS = new Map(
  Object.entries(constants.signals).map(([name, number]) => [number, name as NodeJS.Signals]),
);

/** box.sh ends with 128 + N where signal N ended the program. */
export function endOfBox(code: number | null): {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
} {
  const signal = code === null || code <= 128 ? undefined : SIGNALS.get(code - 128);
  return signal === undefined ? { code, signal: null } : { code: null, signal };
}

export { EXIT_NO_BOX };
