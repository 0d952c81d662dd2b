/** The real daemon, as a child in a session of its own. */
import { appendFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { Control } from "../engine/ports/control.ts";
import { descendantsOf, isRunning, type KnownProcess } from "../process/descendants.ts";
import { run } from "../process/run.ts";
import { endGroup, processStartTime } from "../process/session.ts";
import { signalProcess } from "../process/signal.ts";
import { StepFailed, Stopped, type DemoDaemon } from "./demo-stage.ts";

export interface DaemonOptions {
  /** The clone that holdfast runs from. */
  readonly holdfast: string;
  readonly folder: string;
  readonly arguments: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  readonly connect: () => Promise<Control | undefined>;
}

export interface OwnDaemon extends DemoDaemon {
  /** Where the hook is, while it runs. */
  url(): string | undefined;
  /** The last lines of its log. */
  log(): string;
  /** When it last said something, by performance.now(). */
  lastWord(): number;
  /** Why it is gone, though nobody killed it. */
  died(): string | undefined;
  /** SIGTERM, and after a while SIGKILL to all that is left. */
  stop(): Promise<void>;
  /** SIGKILL to everything at once: when there is no time for more. */
  endNow(): void;
}

/** No demo goes on for longer; the daemon must not outlive it by much whatever happens. */
const LONGEST_MS = 30 * 60_000;
/** How long the start may take on a machine that is busy. */
const START_MS = 90_000;
/** What an apply under way gets when the demo is stopped in the middle. */
const STOP_MS = 15_000;
const LOOK_MS = 20;
const LOG_LINES = 12;
/** Characters: more than LOG_LINES long ones. */
const LOG_KEPT = 64 * 1024;
/** `holdfast follows … (main); http://127.0.0.1:PORT` */
const LISTENS = /; (http:\/\/127\.0\.0\.1:\d+)$/m;

interface Life {
  self: KnownProcess;
  lastWord: number;
  url: string | undefined;
  output: string;
  ended: string | undefined;
}

function startLife(options: DaemonOptions): Life {
  const { holdfast, folder, env } = options;
  const self = { pid: 0, startTime: "" };
  const life: Life = { self, lastWord: performance.now(), url: undefined, output: "", ended: undefined };
  const take = (chunk: Buffer): void => {
    appendFileSync(path.join(folder, "daemon.log"), chunk);
    life.lastWord = performance.now();
    life.output = (life.output + chunk.toString()).slice(-LOG_KEPT);
    life.url ??= LISTENS.exec(life.output)?.[1];
  };
  const ran = run(process.execPath, [path.join(holdfast, "src/cli.ts"), "serve", ...options.arguments], {
    cwd: folder,
    env,
    deadlineMs: LONGEST_MS,
    onStart: pid => (life.self = { pid, startTime: processStartTime(pid) ?? "" }),
    onOutput: (_stream, chunk) => take(chunk),
  });
  void ran.then(({ code, signal }) => (life.ended = signal ?? `exit code ${String(code)}`));
  return life;
}

export function createDaemon(options: DaemonOptions): OwnDaemon {
  let life: Life | undefined;
  /** Of daemons that were killed. */
  let orphans: readonly KnownProcess[] = [];
  const log = (): string => (life?.output.trimEnd().split("\n") ?? []).slice(-LOG_LINES).join("\n");
  const isGone = (): boolean => !life || !isRunning(life.self);
  const endOrphans = (): void => orphans.forEach(({ pid, startTime }) => void endGroup(pid, startTime));

  async function until(done: () => boolean | Promise<boolean>, deadlineMs: number): Promise<boolean> {
    const end = performance.now() + deadlineMs;
    while (!(await done())) {
      if (performance.now() > end) return false;
      await wait(LOOK_MS);
    }
    return true;
  }

  /** Stands still first, so that it starts nothing between the look and its end. */
  function freeze(): void {
    if (!life || isGone()) return;
    signalProcess(life.self.pid, "SIGSTOP");
    orphans = [...orphans, ...descendantsOf(life.self.pid)];
  }

  return {
    log,
    lastWord: () => life?.lastWord ?? 0,
    url: () => (isGone() ? undefined : life?.url),
    control: () => (isGone() ? Promise.resolve(undefined) : options.connect()),
    died: () => (life && isGone() ? `the daemon ended by itself (${life.ended ?? "killed"})` : undefined),
    leftovers: () => orphans.filter(isRunning).map(({ pid, command }) => `${pid} ${command ?? ""}`),
    async start() {
      const mine = (life = startLife(options));
      const answers = await until(
        async () =>
          options.signal.aborted ||
          isGone() ||
          (mine.url !== undefined && (await options.connect()) !== undefined),
        START_MS,
      );
      if (options.signal.aborted) throw new Stopped();
      if (!answers || isGone()) throw new StepFailed(`the daemon did not start:\n${log()}`);
    },
    async kill() {
      const before = orphans.length;
      const killed = life;
      freeze();
      if (killed) signalProcess(killed.self.pid, "SIGKILL");
      life = undefined;
      await until(() => !killed || !isRunning(killed.self), STOP_MS);
      return orphans.length - before;
    },
    async stop() {
      if (life && !isGone()) {
        signalProcess(life.self.pid, "SIGTERM");
        await until(isGone, STOP_MS);
      }
      this.endNow();
    },
    endNow() {
      freeze();
      if (life && !isGone()) signalProcess(life.self.pid, "SIGKILL");
      endOrphans();
    },
  };
}
