/** The controller: source watcher, loop and records behind the one interface that commands and API use. */
import { createBoard } from "./board.ts";
import { noteHandwork } from "./by-hand.ts";
import type { Elsewhere } from "./candidates.ts";
import { configInvalid, fail, ok, type Result } from "./failure.ts";
import { refresh } from "./follow.ts";
import { createHead } from "./head.ts";
import { createLoop, type Loop, type LoopOptions } from "./loop.ts";
import { findRun, readerOf } from "./overview.ts";
import type { ControllerWorld, Parts } from "./parts.ts";
import type { AskRun, Control } from "./ports/control.ts";
import type { RotateKeys } from "./ports/keys.ts";
import type { RunRecord } from "./ports/records.ts";
import type { StackName } from "./ports/stack.ts";
import { askPrunes, forgetUnmade } from "./prune.ts";
import { createFindings } from "./probe/findings.ts";
import { createProbes } from "./probe/probes.ts";
import { createRequests } from "./requests.ts";
import { acceptRewrite as acceptHistory } from "./rewrite.ts";
import type { RunWorld } from "./run.ts";
import { lock, unlock } from "./unlock.ts";
import { provide, select, unknownStack } from "./select.ts";

export interface Controller extends Control {
  /** Loads what is known. To be called once, first. */
  load(): Promise<void>;
  /** Polls and pumps from now on. */
  start(): void;
  running(): ReturnType<Loop["running"]>;
  stop(graceMs: number): Promise<void>;
}

/** Where holdfast.yaml says nothing of an interval. */
const POLL_MS = 30_000;
const TICK_MS = 1_000;

async function takeOver(parts: Parts, stacks: readonly StackName[], by: string): Promise<void> {
  const { records, clock } = parts.world;
  for (const stack of stacks) {
    await records.allowFirst(stack, by, clock.now());
    await records.setSetting(`managed:${stack}`, by);
  }
}

async function ask(parts: Parts, wish: AskRun): Promise<Result<readonly RunRecord[]>> {
  const halted = parts.world.care.halted();
  if (halted) return fail(halted);
  await noteHandwork(parts);
  const arrived = parts.requests.expect(parts.head.current()?.revision.sha);
  const wishes = await addWishes(parts, wish).finally(arrived);
  parts.loop.pump();
  return wishes.ok ? ok(await Promise.all(wishes.value)) : wishes;
}

/** Fetches; then what is wished for is on the list. */
async function addWishes(parts: Parts, wish: AskRun): Promise<Result<readonly Promise<RunRecord>[]>> {
  const fetched = await refresh(parts, AbortSignal.timeout(60_000));
  const usable = fetched.ok || wish.mode === "check" || wish.mode === "plan";
  if (!usable || !parts.head.current()) return fetched.ok ? ok([]) : fetched;
  const stacks = await select(parts, wish);
  if (!stacks.ok) return stacks;
  if (wish.first) await takeOver(parts, stacks.value, wish.by);
  const waits: Promise<RunRecord>[] = [];
  for (const stack of stacks.value) {
    const key = await provide(parts, stack, wish.revision, wish.mode);
    if (!key.ok) return key;
    const { mode, by, revision } = wish;
    const request = {
      stack,
      mode,
      trigger: "manual" as const,
      by,
      ...(revision === undefined ? {} : { revision }),
    };
    waits.push(parts.requests.add(request, parts.world.clock.now()));
  }
  // Who wants all that Git wants, wants also that what Git forgot is pruned.
  if (wish.mode === "converge" && wish.stacks.length === 0) waits.push(...(await askPrunes(parts)));
  return ok(waits);
}

/** On a damaged database nothing can be remembered; what meets the damage first throws, and is no bug. */
async function unlessDamaged<T>(parts: Parts, work: () => Promise<Result<T>>): Promise<Result<T>> {
  const before = parts.world.care.halted();
  if (before?.kind === "stalled") return fail(before);
  try {
    return await work();
  } catch (error) {
    const halted = parts.world.care.halted();
    if (halted?.kind === "stalled") return fail(halted);
    throw error;
  }
}

/** Fetches, and starts what is due. */
async function followNow(parts: Parts, signal: AbortSignal): ReturnType<typeof refresh> {
  const wanted = await refresh(parts, signal);
  await forgetUnmade(parts);
  // Their runs tell of themselves.
  void (await askPrunes(parts));
  parts.loop.pump();
  return wanted;
}

const follow = (parts: Parts, signal: AbortSignal): ReturnType<typeof refresh> =>
  unlessDamaged(parts, () => followNow(parts, signal));

async function approve(parts: Parts, runId: string, by: string): Promise<Result<RunRecord>> {
  const run = await findRun(parts, runId);
  const refuse = (message: string, hint: string): Result<never> => fail(configInvalid([{ message, hint }]));
  if (!run) return refuse(`no run is named ${runId}`, "`holdfast history` lists the runs");
  if (!run.plan || run.outcome !== "held" || run.mode === "by-hand")
    return refuse(
      `run ${run.id} of ${run.stack} does not wait for an approval`,
      "`holdfast status` names the run that waits",
    );
  const { records, clock } = parts.world;
  await records.approve({ stack: run.stack, digest: run.plan.digest, by, at: clock.now() });
  const key = await provide(parts, run.stack, undefined, run.mode);
  if (!key.ok) return key;
  const request = parts.requests.add(
    { stack: run.stack, mode: run.mode, trigger: "manual", by },
    clock.now(),
  );
  parts.loop.pump();
  return ok(await request);
}

/** Ends the leases of dead people's processes, notes what people did, and starts what is due. */
async function tick(parts: Parts): Promise<void> {
  await unlessDamaged(parts, async () => {
    await parts.world.state.endExpired(parts.loop.running().map(({ id }) => id));
    await noteHandwork(parts);
    return ok(undefined);
  });
  parts.loop.pump();
}

/** Calls `work` again and again, each time after its last call has ended. */
function every(clock: RunWorld["clock"], interval: () => number, work: () => Promise<unknown>): () => void {
  let stopped = false;
  let callOff = (): void => undefined;
  const next = (): void => {
    if (!stopped)
      callOff = clock.after(interval() * (0.9 + clock.random() * 0.2), () => void work().finally(next));
  };
  next();
  return () => {
    stopped = true;
    callOff();
  };
}

/** Answers how they are called off. */
function beginProbes({ world, head, board, loop, findings }: Parts, byDefault: number | "off"): () => void {
  const onFound = (): void => loop.pump();
  const probes = createProbes({ world, head, board, findings, isActive: loop.isActive, onFound, byDefault });
  return every(
    world.clock,
    () => TICK_MS,
    async () => probes.tick(),
  );
}

function intervals(parts: Parts): number {
  const all = parts.head.current()?.estate.stacks.map(({ settings }) => settings.interval) ?? [];
  return all.length === 0 ? POLL_MS : Math.min(...all);
}

async function setPause(
  parts: Parts,
  stack: StackName,
  why: string,
  by: string,
): ReturnType<Control["pause"]> {
  const known = parts.head.current()?.estate.stacks.map(({ name }) => name) ?? [];
  if (!known.includes(stack) && !parts.board.status(stack)) return unknownStack(stack, known);
  const pause = { stack, why, by, at: parts.world.clock.now() };
  await parts.world.records.pause(pause);
  parts.board.setPause(stack, pause);
  return ok(pause);
}

async function acceptRewrite(parts: Parts, ref: string): ReturnType<Control["acceptRewrite"]> {
  const revision = await parts.world.source.resolve(ref);
  if (!revision) return fail(configInvalid([{ message: `no commit is named ${ref}` }]));
  await acceptHistory(parts.world, revision.sha);
  const fetched = await refresh(parts, AbortSignal.timeout(60_000));
  parts.loop.pump();
  return fetched.ok ? ok(fetched.value.revision) : fetched;
}

/** What it is doing is told to whoever listens: it may take a while, and everybody should know. */
async function rotateKeys(
  { keys, emit, clock }: ControllerWorld,
  request: RotateKeys,
): ReturnType<Control["rotateKeys"]> {
  const tell = (text: string): void => emit({ type: "message", level: "info", text, at: clock.now() });
  const rotated = await keys.rotate(request, tell);
  if (rotated.ok) {
    const { stacks, recipients } = rotated.value;
    tell(
      `keys: ${request.by} gave ${stacks} stacks a new data key; all are encrypted for ${recipients.join(", ")}`,
    );
  }
  return rotated;
}

function assemble(world: ControllerWorld, options: LoopOptions): Parts {
  const head = createHead(world);
  const board = createBoard(world.records);
  const requests = createRequests();
  const findings = createFindings();
  const elsewhere = new Map<string, Elsewhere>();
  const runWorld: RunWorld = { ...world, checkout: sha => world.source.checkout(sha) };
  const loop = createLoop({ world: runWorld, head, board, requests, findings, elsewhere }, options);
  return { world, head, board, loop, requests, findings, elsewhere };
}

export interface ControllerOptions extends LoopOptions {
  /** How often a probe looks, where holdfast.yaml says nothing of it. */
  readonly probe: number | "off";
}

export function createController(world: ControllerWorld, options: ControllerOptions): Controller {
  const parts = assemble(world, options);
  const { head, board, loop } = parts;
  const ending = new AbortController();
  const timers: (() => void)[] = [];
  const seen = { ...parts, leases: () => world.state.leases() };
  return {
    ...readerOf(seen),
    async poll() {
      const wanted = await follow(parts, ending.signal);
      return wanted.ok ? ok(wanted.value.revision) : wanted;
    },
    ask: wish => unlessDamaged(parts, () => ask(parts, wish)),
    approve: (runId, by) => unlessDamaged(parts, () => approve(parts, runId, by)),
    pause: (stack, why, by) => setPause(parts, stack, why, by),
    async resume(stack) {
      const paused = await world.records.resume(stack);
      board.setPause(stack, undefined);
      loop.pump();
      return ok(paused);
    },
    acceptRewrite: sha => acceptRewrite(parts, sha),
    rotateKeys: request => rotateKeys(world, request),
    exportState: stack => world.state.exportState(stack),
    importState: (stack, deployment, how) => world.state.importState(stack, deployment, how),
    lock: stack => lock(parts, stack),
    unlock: wish => unlock(parts, wish),
    async load() {
      await board.load();
      await head.recall();
      await noteHandwork(parts);
    },
    start() {
      // Where not even that works (a full disk), it is said, and tried again with the next poll.
      const failed = (error: unknown): void =>
        world.emit({ type: "message", level: "error", text: String(error), at: world.clock.now() });
      const poll = (): Promise<unknown> => follow(parts, ending.signal).catch(failed);
      timers.push(every(world.clock, () => intervals(parts), poll));
      timers.push(
        every(
          world.clock,
          () => TICK_MS,
          () => tick(parts).catch(failed),
        ),
      );
      timers.push(beginProbes(parts, options.probe));
      void poll();
    },
    running: () => loop.running(),
    async stop(graceMs) {
      ending.abort();
      timers.forEach(callOff => callOff());
      await loop.stop(graceMs);
      await unlessDamaged(parts, async () => ok(await noteHandwork(parts)));
      head.close();
    },
  };
}
