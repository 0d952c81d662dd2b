/** Program workers: each is a port that speaks LanguageRuntime, and a process behind it that is started ahead of need. */
import { ok } from "../engine/failure.ts";
import type { PreparedProgram, Worker, WorkerPool } from "../engine/ports/program.ts";
import type { ProgramBox } from "./boxed-process.ts";
import { programEnvironment } from "./program-environment.ts";
import { startProgramProcess, type ProgramProcess } from "./program-process.ts";
import { createLastRuns } from "./last-runs.ts";
import { createSpareProcesses } from "./spare-processes.ts";
import { openWorker } from "./worker.ts";

export interface WorkerPoolOptions {
  /** holdfast's own package folder. */
  readonly holdfast: string;
  /** Folder for compiled code; made where missing. */
  readonly cache: string;
  /** Hides secrets in what programs wrote. */
  readonly redact: (text: string) => string;
  /** What every program gets, besides its stack's own; default: PATH, HOME, LANG and their like of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** Whether programs' debug messages go to the CLI, which shows them with `--debug`; default false. */
  readonly debug?: boolean;
  /** Processes kept ready for each SDK folder, about 200 MB each; default 2: one for a plan, and one for the apply that follows at once. */
  readonly spare?: number;
  /** Where programs are kept away from the machine; default: they run as our own user. */
  readonly box?: ProgramBox;
}

export function createWorkerPool(options: WorkerPoolOptions): WorkerPool {
  const { holdfast, cache } = options;
  const env = options.env ?? programEnvironment(process.env);
  const workers = new Set<Worker>();
  const lastRuns = createLastRuns();
  const common = { holdfast, cache, env, ...(options.box ? { box: options.box } : {}) };
  const spares = createSpareProcesses({
    count: options.spare ?? 2,
    start: sdk => startProgramProcess({ ...common, sdk }),
  });
  const settled = (process: ProgramProcess, { folder, readable = [folder] }: PreparedProgram) => {
    process.settle(readable);
    return process;
  };

  return {
    async take(program, stackEnv, soon = []) {
      const own = { ...stackEnv, ...program.env };
      const placed = { folder: program.folder, env: own };
      const worker: Worker = await openWorker({
        program,
        env: own,
        // Without a box it would have nothing to wait at for the engine, whose address is not known yet.
        expected: run => {
          const next = options.box && soon[run];
          return next ? lastRuns.expected(next, placed) : undefined;
        },
        onAsked: message => soon[0] && lastRuns.asked(soon[0], placed, message),
        redact: options.redact,
        debug: options.debug ?? false,
        next: () => settled(spares.next(program.sdk), program),
        fresh: ({ nodeArgs, cwd, ...own }) => {
          const { sdk, folder, readable = [folder] } = program;
          const start = { ...common, sdk, nodeArgs, cwd, readable, env: { ...env, ...own.env } };
          return settled(startProgramProcess(start), { ...program, readable: [] });
        },
        onStopped: () => workers.delete(worker),
      });
      workers.add(worker);
      return ok(worker);
    },
    warm: sdks => spares.keep(sdks),
    async close() {
      await Promise.all([...[...workers].map(worker => worker.stop()), spares.close()]);
    },
  };
}
