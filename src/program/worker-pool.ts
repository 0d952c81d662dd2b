/** Program workers: each is a port that speaks LanguageRuntime, and a process behind it that is started ahead of need. */
import { ok } from "../engine/failure.ts";
import type { Worker, WorkerPool } from "../engine/ports/program.ts";
import { startProgramProcess, type ProgramProcess } from "./program-process.ts";
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
  /** Processes kept ready for each SDK folder, about 165 MB each; default 2: one for a plan, and one for the apply that follows at once. */
  readonly spare?: number;
}

/** Names of the system, not of anybody's secrets. */
const INHERITED = ["PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ", "TMPDIR"];

const inherited = (): Record<string, string> =>
  Object.fromEntries(INHERITED.flatMap(name => (process.env[name] ? [[name, process.env[name]]] : [])));

export function createWorkerPool(options: WorkerPoolOptions): WorkerPool {
  const { holdfast, cache } = options;
  const env = options.env ?? inherited();
  const waiting = new Map<string, ProgramProcess[]>();
  const workers = new Set<Worker>();
  let closed = false;

  const start = (sdk: string): ProgramProcess => startProgramProcess({ sdk, holdfast, cache, env });

  const fill = (sdk: string): void => {
    if (closed) return;
    const ready = (waiting.get(sdk) ?? []).filter(process => process.alive());
    while (ready.length < (options.spare ?? 2)) ready.push(start(sdk));
    waiting.set(sdk, ready);
  };

  const next = (sdk: string): ProgramProcess => {
    const spare = (waiting.get(sdk) ?? []).filter(process => process.alive());
    const process = spare.shift() ?? start(sdk);
    waiting.set(sdk, spare);
    // Loading another costs half a second of a core: after this run, not beside it.
    void process.ended.then(() => {
      if (waiting.has(sdk)) fill(sdk);
    });
    return process;
  };

  return {
    async take(program, stackEnv) {
      const worker: Worker = await openWorker({
        program,
        env: stackEnv,
        redact: options.redact,
        next: () => next(program.sdk),
        fresh: own =>
          startProgramProcess({ ...own, sdk: program.sdk, holdfast, cache, env: { ...env, ...own.env } }),
        onStopped: () => workers.delete(worker),
      });
      workers.add(worker);
      return ok(worker);
    },
    warm(sdks) {
      for (const [sdk, spare] of waiting) {
        if (sdks.includes(sdk)) continue;
        waiting.delete(sdk);
        for (const process of spare) void process.stop();
      }
      for (const sdk of sdks) fill(sdk);
    },
    async close() {
      closed = true;
      const spare = [...waiting.values()].flat();
      waiting.clear();
      await Promise.all([
        ...[...workers].map(worker => worker.stop()),
        ...spare.map(process => process.stop()),
      ]);
    },
  };
}
