/**
 * The apply's CLI, started before the plan is made: beside the plan's own, so that what it takes to come up (a tenth of a
 * second) costs the run nothing; or in its place, where its own preview makes the plan. It gets as far as asking the state
 * service for an update, which waits until the plan is bound, and is killed where nothing is applied; until then it has
 * changed nothing.
 */
import { fail, ok, type Result } from "../failure.ts";
import type { Applied, Observation, OperationContext, Targets } from "../ports/pulumi.ts";
import type { RunWorld } from "../run.ts";
import { foreseen, type RunOfProgram } from "./look.ts";

export interface Ahead {
  /** It reads reality by itself, and takes what differs into the state before its program runs. */
  readonly refreshes: boolean;
  /** Where it makes a preview of its own: starts it, the first time, and answers what that saw. */
  readonly look?: () => Promise<Result<Observation>>;
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
  /** Given, it makes a preview of its own, which this ends. */
  readonly looking?: AbortSignal;
  /** Which runs of the program are prepared while the CLI comes to them. */
  readonly soon: readonly RunOfProgram[];
}

type Seen = (seen: Observation) => void;

interface Started {
  readonly running: Promise<Result<Applied>>;
  readonly isOver: () => boolean;
}

function start(
  world: RunWorld,
  context: OperationContext,
  { exclude, refresh, targets, soon }: AheadOptions,
  abandon: AbortSignal,
  onSeen: Seen | undefined,
): Started {
  let over = false;
  async function up(): Promise<Result<Applied>> {
    await world.state.bind(context.runId, { kind: "awaited" });
    const worker = await world.workers.take(context.program, context.env, foreseen(context, ...soon));
    if (!worker.ok) return worker;
    const options = { exclude, refresh, abandon, ...(targets && { targets }), ...(onSeen && { onSeen }) };
    try {
      return await world.pulumi.up(context, worker.value, options);
    } finally {
      over = true;
      await worker.value.stop();
    }
  }
  const running = up();
  // Whoever takes or drops it is told; until then nobody listens.
  running.catch(() => undefined);
  return { running, isOver: () => over };
}

/** Ended before its preview had succeeded. */
function unseen(ended: Result<Applied>): Result<Observation> {
  if (!ended.ok) return ended;
  const { exitCode, diagnostics } = ended.value;
  const message = diagnostics.at(-1) ?? "the CLI ended without a preview";
  return fail({ kind: "transient", reason: "cli-failed", exitCode, message });
}

export function prepareAhead(world: RunWorld, context: OperationContext, options: AheadOptions): Ahead {
  const { refresh, looking } = options;
  const abandoned = new AbortController();
  const seen = Promise.withResolvers<Observation>();
  let started: Started | undefined;
  let taken = false;
  const begin = (): Started =>
    (started ??= start(world, context, options, abandoned.signal, looking && (saw => seen.resolve(saw))));
  const kill = (): void => {
    if (!taken) abandoned.abort();
  };

  /** The preview has the stack's time for itself, as the up has that follows. */
  async function look(): Promise<Result<Observation>> {
    const { deadlineMs: afterMs, stack } = context;
    const late = Promise.withResolvers<Result<Observation>>();
    const what = `pulumi preview ${stack.name}`;
    const callOff = world.clock.after(afterMs, () =>
      late.resolve(fail({ kind: "transient", reason: "timed-out", what, afterMs })),
    );
    const ended = begin().running.then(unseen);
    // Called off while it was found out how much there is to look at: that is told to nobody a second time.
    if (looking?.aborted) kill();
    return Promise.race([seen.promise.then(ok), ended, late.promise]).finally(callOff);
  }

  looking?.addEventListener("abort", kill, { once: true });
  return {
    refreshes: refresh,
    ...(looking && { look }),
    begin: () => void begin(),
    take() {
      if (!started || started.isOver()) return undefined;
      taken = true;
      return started.running;
    },
    async drop() {
      looking?.removeEventListener("abort", kill);
      if (taken || !started) return;
      abandoned.abort();
      await started.running;
    },
  };
}
