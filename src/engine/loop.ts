/** Moves every stack towards what the repository wants: picks who runs, starts them, stops them. */
import type { Board } from "./board.ts";
import { candidates, elsewhereKey, hopeless, type Candidate, type Elsewhere } from "./candidates.ts";
import { configInvalid } from "./failure.ts";
import type { Head } from "./head.ts";
import { finish, makeRun, opening, perform } from "./perform.ts";
import type { RunRecord } from "./ports/records.ts";
import type { StackName } from "./ports/stack.ts";
import { forgetStack } from "./prune.ts";
import type { Findings } from "./probe/findings.ts";
import type { Request, Requests } from "./requests.ts";
import { endedWith, type Run, type RunEnd, type RunWorld } from "./run.ts";
import { pick } from "./schedule.ts";

export interface LoopOptions {
  /** Runs at one time. */
  readonly parallel: number;
  /** Whether stacks run when they are due; otherwise only what somebody asks for. */
  readonly automatic: boolean;
  readonly newId: (now: number) => string;
}

export interface LoopWorld {
  readonly world: RunWorld;
  readonly head: Head;
  readonly board: Board;
  readonly requests: Requests;
  readonly findings: Findings;
  readonly elsewhere: Map<string, Elsewhere>;
}

export interface Loop {
  /** Starts what can be started now. Cheap; called after every change and once a second. */
  pump(): void;
  /** Nothing runs any more. */
  idle(): Promise<void>;
  running(): readonly Run[];
  readonly isActive: (stack: StackName) => boolean;
  /** Lets applies end within the time given, then cancels them. */
  stop(graceMs: number): Promise<void>;
}

/** A full disk does not empty itself within a moment. */
const RECORD_RETRY_MS = 2_000;

interface Active {
  readonly run: Run;
  readonly look: AbortController;
  readonly apply: AbortController;
  readonly done: Promise<void>;
}

/** When each stack was first seen to be due, until it runs. */
function firstSeen(now: () => number): {
  at: (stack: StackName) => number;
  forget: (stack: StackName) => void;
} {
  const seen = new Map<StackName, number>();
  return {
    at: stack => {
      const first = seen.get(stack) ?? now();
      seen.set(stack, first);
      return first;
    },
    forget: stack => void seen.delete(stack),
  };
}

/** What nobody could write down, for who waits for it. */
const unrecorded = (run: Run, { outcome, failure }: RunEnd, endedAt: number): RunRecord => ({
  ...opening(run),
  endedAt,
  outcome,
  ...(failure && { failure }),
});

/**
 * Where not even the record can be written (a full disk), the stack rests until it can: a run without an end would look
 * as if it went on for ever. Where that will not be in this life, the next one writes it.
 */
async function record(
  run: Run,
  ended: RunEnd,
  { world, board }: LoopWorld,
  givesUp: () => boolean,
): Promise<RunRecord> {
  const { clock, emit, care } = world;
  for (let said = false; ; said = true) {
    try {
      return await finish(run, ended, world, board);
    } catch (error) {
      const text = `${run.stack.name}: run ${run.id} could not be recorded: ${String(error)}`;
      if (!said) emit({ type: "message", level: "error", text, at: clock.now() });
    }
    if (givesUp() || care.halted()?.kind === "stalled")
      return unrecorded(run, { ...ended, outcome: "failed" }, clock.now());
    await new Promise<void>(resolve => clock.after(RECORD_RETRY_MS, resolve));
  }
}

/** Status, record, and what else the run's end means. */
async function keep(run: Run, ended: RunEnd, parts: LoopWorld, givesUp: () => boolean): Promise<RunRecord> {
  const { clock, emit } = parts.world;
  const kept = await record(run, ended, parts, givesUp);
  parts.findings.ended(kept.stack, kept);
  try {
    if (ended.gone) await forgetStack(parts, run);
    if (ended.applied) await parts.head.deployed(run.revision.sha);
  } catch (error) {
    const text = `${run.stack.name}: not all that run ${run.id} means could be kept: ${String(error)}`;
    emit({ type: "message", level: "error", text, at: clock.now() });
  }
  return kept;
}

/** What must not even begin: what cannot be read, a paused stack's apply, and an apply of a stack that is gone from Git. */
function refusal(chosen: Candidate, board: Board, head: Head): RunEnd | undefined {
  const { stack, want, wanted, request, problems } = chosen;
  if (problems) return endedWith(configInvalid(problems));
  if (!request || want.mode === "plan" || want.mode === "check") return undefined;
  const pause = board.pause(stack);
  if (pause) return endedWith({ kind: "waiting", reason: "paused", why: pause.why, by: pause.by });
  const gone = want.mode === "converge" && wanted !== head.current();
  return gone ? endedWith({ kind: "waiting", reason: "orphaned" }) : undefined;
}

/** A definition at another revision was kept for this wish alone. */
function takeRequest({ requests, elsewhere }: LoopWorld, request: Request): void {
  requests.take(request);
  if (request.revision !== undefined) elsewhere.delete(elsewhereKey(request.stack, request.revision));
}

/** Nothing may begin now: who waits for a run is told, and nothing is written down. */
function refuseAll(list: readonly Candidate[], end: (chosen: Candidate) => RunRecord): void {
  for (const one of list) one.request?.resolve(end(one));
}

const newerThan = (run: Run, head: Head) => (): string | undefined => {
  const now = head.current()?.revision.sha;
  return run.mode === "converge" && now !== (run.behind ?? run.revision.sha) ? now : undefined;
};

/** Nothing of what they do can be kept any more. */
function callOffAll(active: Iterable<Active>): void {
  for (const { look, apply } of active) {
    look.abort();
    apply.abort();
  }
}

/** The run's beginning on record; where that cannot be written, nothing is begun. */
async function begin(run: Run, { world, findings }: LoopWorld): Promise<RunEnd | undefined> {
  const { records, care, clock, emit } = world;
  findings.begun(run.stack.name, run.mode);
  try {
    await records.startRun(opening(run));
  } catch (error) {
    const halted = care.halted();
    if (halted?.kind === "stalled") return endedWith(halted);
    const explained = await care.explain(error);
    return endedWith(explained ?? { kind: "transient", reason: "disk", why: String(error) });
  }
  emit({ type: "run-started", run: opening(run), at: clock.now() });
  return undefined;
}

export function createLoop(parts: LoopWorld, options: LoopOptions): Loop {
  const { world, head, board } = parts;
  const active = new Map<StackName, Active>();
  const { clock } = world;
  const seen = firstSeen(() => clock.now());
  const isActive = (stack: StackName): boolean => active.has(stack);
  let stopping = false;
  let waiting = 0;
  const alone = (): boolean => active.size === 1 && waiting === 0;

  const runOf = (chosen: Candidate): Run => {
    if (chosen.request) takeRequest(parts, chosen.request);
    return makeRun(chosen, options.newId(clock.now()), clock.now(), board);
  };

  const launch = (chosen: Candidate, instead?: RunEnd): void => {
    const run = runOf(chosen);
    seen.forget(chosen.stack);
    const look = new AbortController();
    const apply = new AbortController();
    const signals = { look: look.signal, apply: apply.signal, newer: newerThan(run, head), alone };
    const work = async (): Promise<void> => {
      const unbegun = await begin(run, parts);
      const ended = unbegun ?? instead ?? (await perform(run, world, signals, () => stopping));
      // Nobody waits for a command until somebody makes room on a disk; the next start writes the run's end.
      const record = await keep(run, ended, parts, () => stopping || !options.automatic);
      active.delete(chosen.stack);
      chosen.request?.resolve(record);
      pump();
    };
    active.set(chosen.stack, { run, look, apply, done: work() });
  };

  const pump = (): void => {
    if (stopping) return;
    const { automatic } = options;
    const context = { ...parts, isActive, automatic, since: seen.at, now: clock.now() };
    const list = candidates(head.current(), context);
    const halted = world.care.halted();
    if (halted?.kind === "stalled") callOffAll(active.values());
    if (halted) return refuseAll(list, one => unrecorded(runOf(one), endedWith(halted), clock.now()));
    const ready = list.filter(one => one.blockedBy.length === 0);
    const picked = pick(ready, options.parallel - active.size, clock.now());
    waiting = list.length - picked.length;
    for (const chosen of picked) launch(chosen, refusal(chosen, board, head));
    for (const one of hopeless(
      list.filter(({ stack }) => !isActive(stack)),
      isActive,
      board,
    )) {
      launch(one, endedWith({ kind: "waiting", reason: "dependency-not-ready", on: one.blockedBy }));
    }
  };

  return {
    pump,
    isActive,
    running: () => [...active.values()].map(({ run }) => run),
    async idle() {
      while (active.size > 0) await Promise.all([...active.values()].map(({ done }) => done));
    },
    async stop(graceMs) {
      stopping = true;
      const all = [...active.values()];
      all.forEach(({ look }) => look.abort());
      const callOff = clock.after(graceMs, () => all.forEach(({ apply }) => apply.abort()));
      await Promise.all(all.map(({ done }) => done));
      callOff();
    },
  };
}
