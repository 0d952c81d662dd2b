/** The provider host's process: started when it is first needed, started again when it dies. */
import { fork, type ChildProcess } from "node:child_process";
import path from "node:path";
import { OWN_MALLOC, ownFlags } from "../process/own-node.ts";
import type { Order, Report } from "./messages.ts";

export interface HostProcessOptions {
  /** The whole environment of the process. */
  readonly env: Readonly<Record<string, string>>;
  /** First thing that each new process is told. */
  readonly configure: Extract<Order, { readonly order: "configure" }>;
  readonly onReport: (report: Report) => void;
  /** It died and was started so often that it makes no sense to go on. */
  readonly onGivenUp: (why: string) => void;
  readonly onStart?: (pid: number) => void;
  readonly onRestart?: (why: string) => void;
  readonly onOutput?: (text: string) => void;
}

export interface HostProcess {
  /** Starts it where it was not yet, or was given up before. */
  ensure(): void;
  /** Lost where no process is there: whoever sends must send again when the next one is ready. */
  send(order: Order): void;
  /** Something worked: the next death counts as the first. */
  wasUseful(): void;
  pid(): number | undefined;
  /** Ends the process; it is not started again. */
  stop(): Promise<void>;
}

/** Deaths in a row, without an answer in between, after which we stop trying. */
const MAX_DEATHS = 5;
/** More with each death: 0, 50, 100 … The CLI tries an attached provider for a few seconds only, so it must be soon. */
const RESTART_STEP_MS = 50;
/** What calls in flight may take to end before the process is killed. */
const STOP_GRACE_MS = 5_000;
const ENTRY = path.join(import.meta.dirname, "main.ts");

export function createHostProcess(options: HostProcessOptions): HostProcess {
  let child: ChildProcess | undefined;
  let restarting: NodeJS.Timeout | undefined;
  let stopped = false;
  let deaths = 0;

  function send(order: Order): void {
    // An error here means that the process is dying; its end is heard as `exit`.
    if (child?.connected) child.send(order, () => undefined);
  }

  function start(): void {
    restarting = undefined;
    const stdio = ["ignore", "ignore", "pipe", "ipc"] as const;
    const env = { ...OWN_MALLOC, ...options.env };
    const started = fork(ENTRY, [], { execArgv: ownFlags(), env, detached: true, stdio: [...stdio] });
    child = started;
    if (started.pid !== undefined) options.onStart?.(started.pid);
    started.stderr?.on("data", (chunk: Buffer) => options.onOutput?.(chunk.toString("utf8")));
    // Only the process that we started can write to its channel.
    started.on("message", message => options.onReport(message as Report));
    started.once("error", error => died(started, error.message));
    started.once("exit", (code, signal) => died(started, signal ?? `exit code ${code}`));
    send(options.configure);
  }

  function died(which: ChildProcess, why: string): void {
    if (child !== which) return;
    child = undefined;
    if (stopped) return;
    deaths += 1;
    if (deaths > MAX_DEATHS) {
      deaths = 0;
      return options.onGivenUp(why);
    }
    options.onRestart?.(why);
    restarting = setTimeout(start, RESTART_STEP_MS * (deaths - 1));
  }

  return {
    ensure: () => {
      if (!child && !restarting && !stopped) start();
    },
    send,
    wasUseful: () => {
      deaths = 0;
    },
    pid: () => child?.pid,
    async stop() {
      stopped = true;
      clearTimeout(restarting);
      if (child) await endOf(child);
    },
  };
}

async function endOf(child: ChildProcess): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.once("exit", () => resolve());
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_GRACE_MS);
  // Losing its controller is what ends it.
  if (child.connected) child.disconnect();
  await promise;
  clearTimeout(timer);
}
