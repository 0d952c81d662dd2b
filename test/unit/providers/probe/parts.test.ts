/** The parts of the probe that only decide. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { StateResource } from "../../../../src/engine/ports/state.ts";
import { answersOf, keyOf, type EntryFacts } from "../../../../src/providers/connection/questions.ts";
import { gather } from "../../../../src/providers/probe/gather.ts";
import { differencesIn, printOf } from "../../../../src/providers/probe/judge.ts";
import { createKnown } from "../../../../src/providers/probe/known.ts";
import { createSilence } from "../../../../src/providers/probe/silence.ts";
import { createSlots } from "../../../../src/providers/probe/slots.ts";
import { watchesOf } from "../../../../src/providers/probe/watches.ts";
import { resources as table } from "../../../../src/providers/table.ts";

const frodo = { local: true, root: "frodo" };
const camelot = { host: "camelot", user: "deploy" };
const resource = (name: string, more: Partial<StateResource> = {}): StateResource => ({
  urn: `urn:pulumi:dev::hosts::holdfast:host:File::${name}`,
  type: "holdfast:host:File",
  custom: true,
  inputs: { connection: frodo, path: `/${name}`, content: name },
  outputs: {},
  ...more,
});

test("resources are watched by host, and what a probe cannot tell is left out", () => {
  const secret = {
    "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
    ciphertext: "v1:x",
  };
  const hosts = watchesOf(
    [
      resource("a"),
      resource("b", { inputs: { connection: camelot, path: "/b", content: "b" } }),
      resource("c"),
      resource("closed", { inputs: { connection: frodo, path: "/closed", content: secret } }),
      resource("read", { external: true }),
      resource("odd", { inputs: { connection: frodo } }),
      resource("line\nend", {}),
      resource("pod", { type: "kubernetes:core/v1:Pod" }),
    ],
    table,
  );
  assert.deepEqual(
    hosts.map(({ watches }) => watches.map(({ urn }) => urn.slice(urn.lastIndexOf(":") + 1))),
    [["a", "c"], ["b"]],
  );
});

const entry: EntryFacts = {
  kind: "file",
  mode: 0o644,
  owner: "root",
  group: "root",
  uid: 0,
  gid: 0,
  size: 1,
  stamp: "1 1",
};
const question = { about: "entry", path: "/a" } as const;
const answered = (facts: Partial<EntryFacts> | undefined) => ({
  questions: [question],
  watches: [],
  answers: answersOf(new Map(facts ? [[keyOf(question), { ...entry, ...facts }]] : []), true),
});

test("the same answers have the same print, others another one, and nobody else's salt makes it", () => {
  const salt = Buffer.from("salt");
  const print = printOf([answered({ checksum: "aa" })], salt);
  assert.equal(printOf([answered({ checksum: "aa" })], salt), print);
  for (const other of [
    answered({ checksum: "bb" }),
    answered({ checksum: "aa", stamp: "2 1" }),
    answered(undefined),
  ])
    assert.notEqual(printOf([other], salt), print);
  assert.notEqual(printOf([answered({ checksum: "aa" })], Buffer.from("other")), print);
  assert.ok(!print.includes("aa"));
});

test("a resource whose judge throws is told as a bug and takes nobody with it", () => {
  const bugs: unknown[] = [];
  const watch = { connection: { kind: "local", root: "/" } as const, questions: [question] };
  const bad = { urn: "bad", watch: { ...watch, differences: () => assert.fail("a bug") } };
  const good = { urn: "good", watch: { ...watch, differences: () => ["content"] } };
  const told = { ...answered(undefined), watches: [bad, good] };
  assert.deepEqual(
    differencesIn(told, error => bugs.push(error)),
    [{ urn: "good", paths: ["content"] }],
  );
  assert.equal(bugs.length, 1);
});

const part = (questions: number) => ({
  key: "k",
  connection: { kind: "local", root: "/" } as const,
  questions: Array.from({ length: questions }, () => question),
  watched: questions,
  differences: [],
});

test("what is kept has a bound: the stacks that were not looked at for longest go first", () => {
  const known = createKnown(30);
  for (const stack of ["a", "b"]) known.put(stack, { version: 1, parts: [part(10)] });
  assert.ok(known.get("a", 1));
  known.put("c", { version: 1, parts: [part(10)] });
  assert.equal(known.get("b", 1), undefined);
  assert.ok(known.get("a", 1));
  assert.equal(known.get("c", 2), undefined, "another version of the state");
  assert.equal(known.get("c", 1), undefined, "which is all that there is now");
  known.put("huge", { version: 1, parts: [part(100)] });
  assert.ok(known.get("huge", 1), "one that is too big alone is kept until the next comes");
});

test("a host that does not answer is asked less and less often", () => {
  let now = 0;
  const silence = createSilence({ retryMs: 30, retryMostMs: 100 }, () => now);
  assert.equal(silence.of("frodo"), undefined);
  const waits: number[] = [];
  for (let round = 0; round < 4; round++) {
    silence.failed("frodo", "refused");
    silence.failed("frodo", "all who asked with it");
    const since = now;
    while (silence.of("frodo") !== undefined) now += 1;
    waits.push(now - since);
  }
  assert.deepEqual(waits, [30, 60, 100, 100]);
  silence.failed("frodo", "gone again");
  assert.equal(silence.of("frodo"), "gone again");
  silence.answered("frodo");
  assert.equal(silence.of("frodo"), undefined);
});

test("what comes close together is sent together, in order, and all of it before the end", async () => {
  const sent: (readonly number[])[] = [];
  const parts = gather<number>(values => sent.push(values));
  parts.flush();
  [1, 2, 3].forEach(parts.add);
  await new Promise(resolve => setImmediate(resolve));
  parts.add(4);
  parts.flush();
  await new Promise(resolve => setImmediate(resolve));
  assert.deepEqual(sent, [[1, 2, 3], [4]]);
});

test("work is side by side up to a bound, and what takes long does not hold up the rest", async () => {
  const slots = createSlots({ atOnce: 2, slowMs: 20 });
  const never = Promise.withResolvers<void>();
  const dead = [slots.inTurn(() => never.promise), slots.inTurn(() => never.promise)];
  let [running, most] = [0, 0];
  const quick = Array.from({ length: 10 }, () =>
    slots.inTurn(async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise(resolve => setImmediate(resolve));
      running -= 1;
    }),
  );
  await Promise.all(quick);
  assert.equal(most, 2);
  never.resolve();
  await Promise.all(dead);
});

test("what takes long still counts for the most that may be under way at all", async () => {
  const slots = createSlots({ atOnce: 1, slowMs: 0, most: 3 });
  const end = Promise.withResolvers<void>();
  let begun = 0;
  const all = Array.from({ length: 5 }, () =>
    slots.inTurn(() => {
      begun += 1;
      return end.promise;
    }),
  );
  while (begun < 3) await new Promise(resolve => setImmediate(resolve));
  await new Promise(resolve => setTimeout(resolve, 20));
  assert.equal(begun, 3);
  end.resolve();
  await Promise.all(all);
  assert.equal(begun, 5);
});
