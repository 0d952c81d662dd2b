/** The daemon's lives: started, killed, stopped and started again; an end that nobody asked for is told. */
import type { Daemon, Ended, Stage, StartOptions } from "../test/support/daemon-stage.ts";

export interface DaemonLife {
  pid(): number | undefined;
  /** Until it listens; a start that fails (a full disk) is tried again. */
  start(): Promise<void>;
  /** At once. What it leaves behind may live on for a moment, beside the next life. */
  kill(): Promise<void>;
  /** Gently; answers how it ended. */
  end(): Promise<Ended>;
  /** How it ended, where nobody ended it. */
  unasked(): string | undefined;
  /** What all lives said. */
  log(): string;
  starts(): number;
}

const TRIES = 40;
const WAIT_MS = 250;

export function createDaemonLife(stage: Stage, options: Partial<StartOptions>): DaemonLife {
  const logs: string[] = [];
  let now: Daemon | undefined;
  let unasked: string | undefined;
  let starts = 0;
  const keepLog = (text: string): void => void logs.push(`--- life ${starts}\n${text}`);

  async function startOnce(): Promise<Daemon | Error> {
    try {
      return await stage.serve([], options);
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  const forget = (): Daemon | undefined => {
    const last = now;
    now = undefined;
    if (last) keepLog(last.stderr());
    return last;
  };

  return {
    pid: () => now?.pid,
    async start() {
      for (let tries = 1; !now; tries++) {
        const started = await startOnce();
        if (started instanceof Error) {
          keepLog(started.message);
          // It neither ended nor listened: no disk and no port explains that.
          if (started.message.startsWith("waited in vain")) throw started;
          if (tries === TRIES) throw started;
          await new Promise(resolve => setTimeout(resolve, WAIT_MS));
          continue;
        }
        starts++;
        now = started;
        void started.ended.then(({ code, signal }) => {
          if (now === started) unasked = `the daemon ended by itself: ${signal ?? `exit code ${code}`}`;
        });
      }
    },
    async kill() {
      const last = forget();
      last?.kill("SIGKILL");
      await last?.ended;
    },
    async end() {
      const last = forget();
      if (!last) throw new Error("there is no daemon to end");
      last.kill("SIGTERM");
      return last.ended;
    },
    unasked: () => unasked,
    log: () => [...logs, ...(now ? [`--- life ${starts}, still going\n${now.stderr()}`] : [])].join("\n"),
    starts: () => starts,
  };
}
