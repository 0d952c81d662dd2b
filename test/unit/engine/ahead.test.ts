import assert from "node:assert/strict";
import { test } from "node:test";
import { fail, ok, type Result } from "../../../src/engine/failure.ts";
import type { Applied, Observation, OperationContext, Pulumi } from "../../../src/engine/ports/pulumi.ts";
import type { RunWorld } from "../../../src/engine/run.ts";
import { prepareAhead } from "../../../src/engine/steps/ahead.ts";

const SAW: Observation = { drift: [], changes: [], same: 1, diagnostics: [] };
const DIED = fail({ kind: "transient", reason: "process-died", what: "pulumi up", how: "ended by SIGKILL" });

/** A CLI that goes on until it is killed; `previewed` makes its preview succeed. */
function stage(looking: AbortSignal) {
  let previewed = (): void => assert.fail("nobody has started it");
  let late = (): void => undefined;
  const up: Pulumi["up"] = (_context, _worker, { abandon, onSeen }) => {
    const { promise, resolve } = Promise.withResolvers<Result<Applied>>();
    previewed = () => onSeen?.(SAW);
    if (abandon?.aborted) resolve(DIED);
    abandon?.addEventListener("abort", () => resolve(DIED));
    return promise;
  };
  const world = {
    state: { bind: () => Promise.resolve() },
    workers: { take: () => Promise.resolve(ok({ port: 1, stop: () => Promise.resolve() })) },
    pulumi: { up },
    clock: { after: (_: number, callback: () => void) => ((late = callback), () => undefined) },
  };
  const context = {
    runId: "r",
    stack: { name: "a/dev" },
    program: { plugins: [] },
    deadlineMs: 60_000,
    env: {},
  };
  const options = { exclude: [], refresh: false, looking, soon: [] };
  const ahead = prepareAhead(world as unknown as RunWorld, context as unknown as OperationContext, options);
  const look = () => ahead.look?.() ?? assert.fail("it makes no preview");
  return { ahead, look, previewed: () => previewed(), late: () => late() };
}

/** By then what was begun has come to the CLI. */
const started = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

test("its preview is what the look saw, and from then on it waits to be taken", async () => {
  const looking = new AbortController();
  const { ahead, look, previewed } = stage(looking.signal);
  const saw = look();
  await started();
  previewed();
  assert.deepEqual(await saw, ok(SAW));
  const running = ahead.take();
  assert.ok(running);
  // Only what looks is called off; an apply under way is not.
  looking.abort();
  await ahead.drop();
  assert.equal(await Promise.race([running, started().then(() => "goes on")]), "goes on");
});

test("a look that is called off kills it, also where that was before it began", async () => {
  for (const before of [true, false]) {
    const looking = new AbortController();
    if (before) looking.abort();
    const { look } = stage(looking.signal);
    const saw = look();
    await started();
    looking.abort();
    assert.deepEqual(await saw, DIED, String(before));
  }
});

test("a preview that takes longer than the stack's time is told so, and killed when it is dropped", async () => {
  const { ahead, look, late } = stage(new AbortController().signal);
  const saw = look();
  await started();
  late();
  const seen = await saw;
  assert.equal(!seen.ok && seen.failure.reason, "timed-out");
  await ahead.drop();
  assert.equal(ahead.take(), undefined);
});
