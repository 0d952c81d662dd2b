/**
 * The apply's CLI, started while the plan is still made: what it takes to come up (a tenth of a second) then costs the
 * run nothing. It gets as far as asking the state service for an update, which waits until the plan is bound, and is
 * killed where nothing is applied; until then it has changed nothing.
 */
import type { Result } from "../failure.ts";
import type { Applied, OperationContext, Targets } from "../ports/pulumi.ts";
import type { RunWorld } from "../run.ts";
import { foreseen } from "./look.ts";

export interface Ahead {
  /** It takes all drift into the state before its program runs. */
  readonly refreshes: boolean;
  /** Starts it, the first time. */
  begin(): void;
  /** Runs on with it: undefined where it was not started, or did not last. */
  take(): Promise<Result<Applied>> | undefined;
  /** Ends it unless it was taken. */
  drop(): Promise<void>;
}

export const NOT_AHEAD: Ahead = {
  refreshes: false,
  begin: () => undefined,
  take: () => undefined,
  drop: () => Promise.resolve(),
};

export interface AheadOptions {
  readonly exclude: readonly string[];
  readonly refresh: boolean;
  /** Default: all. */
  readonly targets?: Targets | undefined;
}

export function prepareAhead(
  world: RunWorld,
  context: OperationContext,
  { exclude, refresh, targets }: AheadOptions,
): Ahead {
  const abandoned = new AbortController();
  let running: Promise<Result<Applied>> | undefined;
  let over = false;
  let taken = false;

  async function up(): Promise<Result<Applied>> {
    await world.state.bind(context.runId, { kind: "awaited" });
    const soon = foreseen(context, { dryRun: false });
    const worker = await world.workers.take(context.program, context.env, soon);
    if (!worker.ok) return worker;
    try {
      const abandon = abandoned.signal;
      const narrow = targets && { targets };
      return await world.pulumi.up(context, worker.value, { exclude, refresh, abandon, ...narrow });
    } finally {
      over = true;
      await worker.value.stop();
    }
  }

  return {
    refreshes: refresh,
    begin() {
      if (running) return;
      running = up();
      // Whoever takes or drops it is told; until then nobody listens.
      running.catch(() => undefined);
    },
    take() {
      if (over) return undefined;
      taken = running !== undefined;
      return running;
    },
    async drop() {
      if (taken || !running) return;
      abandoned.abort();
      await running;
    },
  };
}
