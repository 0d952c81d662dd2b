/** How the probe goes out, and what becomes of its reports: with a clock and hosts of the test's own. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createBoard } from "../../../../src/engine/board.ts";
import type { EngineEvent } from "../../../../src/engine/event.ts";
import type { Head, Wanted } from "../../../../src/engine/head.ts";
import { createFindings } from "../../../../src/engine/probe/findings.ts";
import { createProbes, type ProbeWorld } from "../../../../src/engine/probe/probes.ts";
import type { Heard, ProbeReport, ProbeTarget } from "../../../../src/engine/ports/probe.ts";
import type { Records } from "../../../../src/engine/ports/records.ts";
import type { Lease } from "../../../../src/engine/ports/state.ts";
import { NOON, revision, settings, stack, status } from "../../../support/engine-samples.ts";

const drift = { every: 600_000, action: "correct" } as const;
const difference = { urn: "urn:motd", paths: ["content"] };

interface Going {
  readonly targets: readonly ProbeTarget[];
  readonly tell: (report: ProbeReport) => void;
  readonly end: () => void;
  readonly fail: (error: Error) => void;
}

/**
 * Stacks a, b, c, of which c has an interval of its own, and off is never looked at; `tells`: one more, w, whose host
 * tells.
 */
function stage(tells = false, byDefault: number | "off" = 30_000) {
  const names = ["hosts/a", "hosts/b", "hosts/c", "hosts/off", ...(tells ? ["hosts/w"] : [])];
  const probeOf: Readonly<Record<string, number | "off">> = { "hosts/c": 5_000, "hosts/off": "off" };
  const stacks = names.map(name => {
    const probe = probeOf[name];
    const rarely = byDefault === "off" ? {} : { probe: 600_000 };
    const watch = name === "hosts/w" && { watch: true, ...rarely };
    return stack(name, settings({ drift: { ...drift, ...(probe !== undefined && { probe }), ...watch } }));
  });
  const board = createBoard({} as Records);
  for (const name of names) board.put(status(name, { deployed: revision("c1") }));
  const going: Going[] = [];
  const events: EngineEvent[] = [];
  const active = new Set<string>();
  const leases: Pick<Lease, "stack">[] = [];
  let [now, found, halted] = [NOON, 0, false];
  const findings = createFindings();
  const wanted = { estate: { stacks } } as unknown as Wanted;
  const probe = (targets: readonly ProbeTarget[], tell: (report: ProbeReport) => void): Promise<void> => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    going.push({ targets, tell, end: resolve, fail: reject });
    return promise;
  };
  const watched: (readonly string[])[] = [];
  let heard: Heard | undefined;
  const watch = (stacks: readonly string[], by: Heard): void => {
    watched.push(stacks);
    heard = by;
  };
  const world = {
    providers: { probe, watch },
    state: {
      leases: async () => leases,
      stacks: async () => names.map(name => ({ name, version: name === "hosts/b" ? 0 : 7, resources: 1 })),
      resources: async () => ({ ok: true, value: [] }),
    },
    care: { halted: () => (halted ? { kind: "stalled", reason: "disk" } : undefined) },
    clock: { now: () => now, after: () => () => undefined, random: () => 0.5 },
    emit: (event: EngineEvent) => void events.push(event),
  } as unknown as ProbeWorld["world"];
  const head = { current: () => wanted } as unknown as Head;
  const isActive = (name: string): boolean => active.has(name);
  const onFound = (): void => void (found += 1);
  const probes = createProbes({ world, head, board, findings, isActive, onFound, byDefault });
  /** What was begun by then has asked who is to be looked at. */
  const settled = async (): Promise<void> => void (await new Promise(resolve => setImmediate(resolve)));
  return {
    board,
    findings,
    active,
    leases,
    events,
    going,
    found: () => found,
    /** Whose hosts were listened to, each time that it changed. */
    watched,
    deaf: (host: string, why: string) => heard?.deaf(host, why),
    /** What a host's word makes go out at once. */
    tell: async (name: string): Promise<readonly Going[]> => {
      const before = going.length;
      heard?.changed([name]);
      await settled();
      return going.slice(before);
    },
    halt: (value: boolean) => void (halted = value),
    pass: async (ms: number): Promise<readonly Going[]> => {
      now += ms;
      const before = going.length;
      probes.tick();
      await settled();
      return going.slice(before);
    },
    settled,
  };
}

const report = (name: string, more: Partial<ProbeReport> = {}): ProbeReport => ({
  stack: name,
  version: 7,
  watched: 20,
  differences: [],
  silent: [],
  ...more,
});
const names = ({ targets }: Going): readonly string[] => targets.map(({ stack: name }) => name);

test("stacks are looked at each at its interval, those without a state or with `off` never", async () => {
  const { pass, events, settled } = stage();
  assert.deepEqual(await pass(0), []);
  const [first] = await pass(2_500);
  assert.deepEqual(first && names(first), ["hosts/c"]);
  first?.tell(report("hosts/c"));
  first?.end();
  await settled();
  const all = await pass(12_500);
  assert.deepEqual(all.flatMap(names).toSorted(), ["hosts/a", "hosts/c"]);
  const ended = events.find(event => event.type === "probed");
  assert.deepEqual(ended && { ...ended, ms: 0 }, {
    type: "probed",
    every: 5_000,
    ms: 0,
    stacks: 1,
    resources: 20,
    differing: 0,
    silent: [],
    at: NOON + 2_500,
  });
});

test("what differs is told and wanted once, and somebody is woken", async () => {
  const { pass, findings, found, events } = stage();
  await pass(0);
  for (let round = 1; round <= 3; round++) {
    const [one] = await pass(5_000);
    one?.tell(report("hosts/c", { differences: [difference] }));
    one?.end();
  }
  assert.equal(findings.wants("hosts/c"), true);
  assert.equal(found(), 1);
  assert.deepEqual(
    events.filter(({ type }) => type === "probe-found"),
    [{ type: "probe-found", stack: "hosts/c", differences: [difference], at: NOON + 5_000 }],
  );
});

test("who runs, is held by somebody, paused or under way is left alone; nothing goes out on a full disk", async () => {
  const { pass, active, leases, board, halt } = stage();
  await pass(0);
  active.add("hosts/c");
  assert.deepEqual(await pass(5_000), []);
  active.clear();
  leases.push({ stack: "hosts/c" });
  assert.deepEqual(await pass(5_000), []);
  leases.length = 0;
  board.setPause("hosts/c", { stack: "hosts/c", why: "", by: "ada", at: NOON });
  assert.deepEqual((await pass(5_000)).flatMap(names), ["hosts/a"]);
  board.setPause("hosts/c", undefined);
  halt(true);
  assert.deepEqual(await pass(5_000), []);
  halt(false);
  assert.deepEqual((await pass(0)).flatMap(names), ["hosts/c"]);
  assert.deepEqual(await pass(5_000), [], "its host has not answered yet");
});

test("one that has been told of is looked at again while others of its sweep still wait", async () => {
  const { pass } = stage();
  await pass(0);
  const [first] = await pass(5_000);
  first?.tell(report("hosts/c"));
  assert.deepEqual((await pass(5_000)).flatMap(names), ["hosts/c"]);
});

test("a report of the past counts for nothing: a run began, or ended, or the stack was paused meanwhile", async () => {
  const { pass, active, board, findings } = stage();
  const c = status("hosts/c", { deployed: revision("c1") });
  await pass(0);
  const meanwhile: readonly (readonly [() => void, () => void])[] = [
    [() => active.add("hosts/c"), () => active.clear()],
    [() => board.put(c), () => undefined],
    [
      () => board.setPause("hosts/c", { stack: "hosts/c", why: "", by: "ada", at: NOON }),
      () => board.setPause("hosts/c", undefined),
    ],
  ];
  for (const [happens, isOver] of meanwhile) {
    const going = (await pass(5_000)).find(one => names(one).includes("hosts/c")) ?? assert.fail();
    happens();
    going.tell(report("hosts/c", { differences: [difference] }));
    assert.equal(findings.wants("hosts/c"), false);
    isOver();
    going.end();
  }
});

test("hosts that do not answer are told with the sweep, each once", async () => {
  const { pass, events, settled } = stage();
  await pass(0);
  const silent = [{ host: "ssh://frodo", why: "refused" }];
  const [one] = await pass(5_000);
  one?.tell(report("hosts/c", { silent }));
  one?.tell(report("hosts/c", { silent }));
  one?.end();
  await settled();
  const probed = events.find(event => event.type === "probed");
  assert.deepEqual(probed?.silent, silent);
  assert.equal(probed.stacks, 1);
});

test("a probe that fails is an error in the log, and the next one goes out", async () => {
  const { pass, events, settled } = stage();
  await pass(0);
  const [one] = await pass(5_000);
  one?.fail(new Error("it keeps dying"));
  await settled();
  assert.deepEqual(
    events.map(event => event.type === "message" && event.text),
    ["the probe failed: Error: it keeps dying"],
  );
  assert.deepEqual((await pass(5_000)).flatMap(names), ["hosts/c"]);
});

/** A stage in which w was looked at for the first time, and was in order. */
async function telling(byDefault?: "off") {
  const parts = stage(true, byDefault);
  const [first] = await parts.pass(0);
  assert.deepEqual(first && names(first), ["hosts/w"], "at once: what to listen for comes from a look");
  first?.tell(report("hosts/w"));
  first?.end();
  await parts.settled();
  const only = async (ms: number): Promise<readonly Going[]> =>
    (await parts.pass(ms)).filter(one => names(one).includes("hosts/w"));
  return { ...parts, only };
}

test("whose host tells of a change is looked at right then, and what differs is wanted", async () => {
  const { tell, only, findings, watched, events, deaf } = await telling();
  assert.deepEqual(watched, [["hosts/w"]]);
  assert.deepEqual(await only(60_000), [], "the interval is long");
  const [look] = await tell("hosts/w");
  assert.deepEqual(look && names(look), ["hosts/w"]);
  look?.tell(report("hosts/w", { differences: [difference] }));
  assert.equal(findings.wants("hosts/w"), true);
  assert.deepEqual(await tell("hosts/a"), [], "nobody listens to that one's");
  deaf("frodo", "no systemd");
  const said = events.findLast(event => event.type === "message");
  assert.match(said?.text ?? "", /frodo cannot tell of changes by itself.*no systemd/);
});

test("a daemon that looks at nobody by itself looks where a host tells", async () => {
  const { tell } = await telling("off");
  const [look] = await tell("hosts/w");
  assert.deepEqual(look && names(look), ["hosts/w"]);
});

test("what is told while a look or a run is under way is looked at after it, and a run's end is", async () => {
  const { tell, only, active, board, settled } = await telling();
  const [look] = await tell("hosts/w");
  assert.deepEqual(await tell("hosts/w"), []);
  look?.tell(report("hosts/w"));
  look?.end();
  await settled();
  const [after] = await only(1_000);
  assert.ok(after, "it was told in the middle of a look");
  after.end();
  await settled();
  active.add("hosts/w");
  assert.deepEqual(await tell("hosts/w"), []);
  board.put(status("hosts/w", { deployed: revision("c1") }));
  active.clear();
  const [second] = await only(1_000);
  assert.ok(second, "a run may have changed what to listen for");
  second.end();
  await settled();
  assert.deepEqual(await only(1_000), [], "that one look was for both");
});

test("who is paused or gone is not listened for, and is looked at first when it goes on", async () => {
  const { tell, only, board, watched } = await telling();
  board.setPause("hosts/w", { stack: "hosts/w", why: "", by: "ada", at: NOON });
  assert.deepEqual(await only(1_000), []);
  assert.deepEqual(await tell("hosts/w"), []);
  board.setPause("hosts/w", undefined);
  assert.equal((await only(1_000)).length, 1);
  assert.deepEqual(watched, [["hosts/w"], [], ["hosts/w"]]);
});

test("what comes right back is asked for less and less often, and looked at when its time has come", async () => {
  const { tell, only, findings, found, settled } = await telling();
  const differs = async (look: Going | undefined): Promise<void> => {
    look?.tell(report("hosts/w", { differences: [difference] }));
    look?.end();
    await settled();
  };
  const correct = (): void => {
    findings.begun("hosts/w", "converge");
    findings.ended("hosts/w", { outcome: "converged", counts: { update: 1 } });
  };
  await differs((await tell("hosts/w"))[0]);
  correct();
  await differs((await tell("hosts/w"))[0]);
  assert.equal(found(), 1, "it came right back");
  await differs((await only(1_000))[0]);
  assert.equal(found(), 2, "without another word from the host");
  correct();
  await differs((await tell("hosts/w"))[0]);
  assert.deepEqual(await only(1_000), []);
  await differs((await only(1_000))[0]);
  assert.equal(found(), 3);
});
