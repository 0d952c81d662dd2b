/** Keeps a helper process of ours alive: started with an IPC channel, told when it is ready, started again when it dies. */
import { fork, type ChildProcess } from "node:child_process";
import { OWN_MALLOC, ownFlags } from "./own-node.ts";

export interface SuperviseOptions {
  /** Module that the process runs. It sends one message when it is ready, and ends itself when the channel closes. */
  readonly entry: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Milliseconds in which the ready message must come. */
  readonly startMs: number;
  /** Each message of any of its lives, the ready ones too. */
  readonly onMessage?: (message: unknown) => void;
  /** Answers what it asks (ask-parent.ts); without this nobody does. */
  readonly answer?: (question: unknown) => Promise<unknown>;
  /** An unexpected end, before the next start. */
  readonly onDeath: (how: string) => void;
}

export interface Supervised {
  /** The first ready message. Rejects where the first start fails. */
  readonly ready: Promise<unknown>;
  /** Undefined while it is dead. */
  readonly pid: () => number | undefined;
  readonly stop: () => Promise<void>;
}

const FIRST_WAIT_MS = 50;
/** A process that dies at once again and again must not eat the machine. */
const LONGEST_WAIT_MS = 5_000;
/** After so long a life its next death counts as the first. */
const HEALTHY_MS = 30_000;
const STOP_MS = 3_000;

const died = (code: number | null, signal: NodeJS.Signals | null): string =>
  signal ? `killed by ${signal}` : `exit ${code}`;

interface Question {
  readonly asks: number;
  readonly question: unknown;
}

const isQuestion = (message: unknown): message is Question =>
  typeof message === "object" && message !== null && "asks" in message && "question" in message;

async function reply(
  child: ChildProcess,
  { asks, question }: Question,
  answer: SuperviseOptions["answer"],
): Promise<void> {
  const said = await Promise.resolve(answer?.(question)).then(
    value => ({ answers: asks, value }),
    (error: unknown) => ({ answers: asks, failed: error instanceof Error ? error.message : String(error) }),
  );
  // An error means that it is dying: its end is heard as `exit`.
  if (child.connected) child.send(said, () => undefined);
}

export function supervise(options: SuperviseOptions): Supervised {
  const { promise: ready, resolve, reject } = Promise.withResolvers<unknown>();
  let child: ChildProcess | undefined;
  let stopping = false;
  let wait = FIRST_WAIT_MS;
  let timer: NodeJS.Timeout | undefined;

  const start = (): void => {
    // Detached: Ctrl-C in the terminal goes to the controller, which ends its helpers in order.
    const started = fork(options.entry, [...options.args], {
      execArgv: ownFlags(),
      env: { ...OWN_MALLOC, ...options.env },
      detached: true,
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    const bornAt = performance.now();
    const late = setTimeout(() => started.kill("SIGKILL"), options.startMs);
    child = started;
    started.on("message", message => {
      if (isQuestion(message)) return void reply(started, message, options.answer);
      clearTimeout(late);
      resolve(message);
    });
    if (options.onMessage) started.on("message", options.onMessage);
    let over = false;
    const ended = (how: string): void => {
      if (over) return;
      over = true;
      clearTimeout(late);
      if (child === started) child = undefined;
      if (stopping) return;
      reject(new Error(`${options.entry} ended before it was ready: ${how}`));
      options.onDeath(how);
      if (performance.now() - bornAt > HEALTHY_MS) wait = FIRST_WAIT_MS;
      timer = setTimeout(start, wait);
      wait = Math.min(LONGEST_WAIT_MS, wait * 2);
    };
    // A process that could not be started at all (no memory, no more processes) says so here, and never exits.
    started.on("error", error => {
      if (started.pid === undefined) ended(error.message);
    });
    started.once("exit", (code, signal) => ended(died(code, signal)));
  };
  start();

  return {
    ready,
    pid: () => child?.pid,
    stop() {
      stopping = true;
      clearTimeout(timer);
      const last = child;
      if (!last) return Promise.resolve();
      const { promise, resolve: gone } = Promise.withResolvers<void>();
      const force = setTimeout(() => last.kill("SIGKILL"), STOP_MS);
      last.once("exit", () => {
        clearTimeout(force);
        gone();
      });
      last.kill("SIGTERM");
      return promise;
    },
  };
}
