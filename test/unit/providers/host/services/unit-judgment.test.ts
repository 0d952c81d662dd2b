/** What is said of a unit, from what systemd 252 said of real ones. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import {
  answersOf,
  keyOf,
  type Answers,
  type EntryFacts,
  type FactsOf,
  type Question,
} from "../../../../../src/providers/connection/questions.ts";
import { subjects } from "../../../../../src/providers/connection/subjects.ts";
import type { PlainMap } from "../../../../../src/providers/grpc/value.ts";
import { diffInputs } from "../../../../../src/providers/grpc/diff.ts";
import { parseUnit } from "../../../../../src/providers/host/services/unit-inputs.ts";
import {
  dueWork,
  questionsAbout,
  seeUnit,
  systemFacts,
  verbFor,
} from "../../../../../src/providers/host/services/unit-judgment.ts";

const shown = (lines: Readonly<Record<string, string>>): string =>
  Object.entries({
    RemainAfterExit: "no",
    Result: "success",
    LoadState: "loaded",
    NeedDaemonReload: "no",
    ...lines,
  })
    .map(([key, value]) => `${key}=${value}`)
    .join("\n");
/** Recorded, in systemd's order of properties or another: it does not matter. */
const RECORDED = {
  nginx: shown({
    Type: "forking",
    ActiveState: "active",
    SubState: "running",
    UnitFileState: "enabled",
    InvocationID: "47504d01",
  }),
  loop: shown({
    Type: "simple",
    Result: "exit-code",
    ActiveState: "activating",
    SubState: "auto-restart",
    UnitFileState: "static",
  }),
  killed: shown({
    Type: "simple",
    Result: "signal",
    ActiveState: "failed",
    SubState: "failed",
    UnitFileState: "static",
  }),
  edited: shown({
    Type: "simple",
    ActiveState: "active",
    SubState: "running",
    UnitFileState: "enabled",
    NeedDaemonReload: "yes",
  }),
  none: shown({
    Type: "",
    LoadState: "not-found",
    ActiveState: "inactive",
    SubState: "dead",
    UnitFileState: "",
  }),
  oneshot: shown({ Type: "oneshot", ActiveState: "inactive", SubState: "dead", UnitFileState: "static" }),
  stopped: shown({ Type: "simple", ActiveState: "inactive", SubState: "dead", UnitFileState: "disabled" }),
  masked: shown({ LoadState: "masked", ActiveState: "inactive", SubState: "dead", UnitFileState: "masked" }),
} as const;
type Recorded = keyof typeof RECORDED;

const CONTENT = "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n";
const PATH = "/etc/systemd/system/app.service";
const file = (text: string, stamp = "7.1.5"): EntryFacts => ({
  kind: "file",
  mode: 0o644,
  owner: "root",
  group: "root",
  uid: 0,
  gid: 0,
  size: text.length,
  stamp,
  checksum: createHash("sha256").update(text).digest("hex"),
});

interface Host {
  readonly unit: Recorded;
  readonly entries?: Readonly<Record<string, EntryFacts>>;
  /** What is noted of the unit's own file; undefined: there is no record. */
  readonly record?: string;
  readonly system?: boolean;
}

const IN_PLACE = { [PATH]: file(CONTENT) };
const RECORD = "/var/lib/holdfast/units/app.service";
const NOTED = "7.1.5";
const STALE = "7.1.4";
/** The same in all of these cases: one file, no values. */
const recordOf = (stamp: string): string => `holdfast\nfile 0644 ${stamp} 0.0 ${PATH}\n`;

function answersTo(
  questions: readonly Question[],
  { unit, entries = IN_PLACE, record, system = true }: Host,
): Answers {
  const there: Readonly<Record<string, EntryFacts>> = {
    ...entries,
    ...(record !== undefined && { [RECORD]: file(recordOf(record)) }),
  };
  const facts = new Map<string, FactsOf[keyof FactsOf]>();
  for (const question of questions) {
    const entry = question.about === "entry" ? there[question.path] : undefined;
    if (entry) facts.set(keyOf(question), entry);
    if (!system || question.about !== "unit") continue;
    const found = subjects.unit.parse(RECORDED[unit], [question]);
    assert.ok(typeof found !== "string");
    for (const [asked, said] of found) facts.set(keyOf(asked), said);
  }
  return answersOf(facts, system);
}

function judged(properties: PlainMap, host: Host): readonly string[] | "gone" {
  const all = { name: "app.service", masked: false, ...properties };
  const inputs = parseUnit(all);
  const seen = seeUnit(inputs, answersTo(questionsAbout(inputs), host), all);
  if (!seen) return "gone";
  return diffInputs(all, seen.properties).map(
    ({ path }) => `${path}: ${JSON.stringify(seen.properties[path])}`,
  );
}

const OWN = { content: CONTENT, enabled: true, running: true };

test("a unit that runs as it was noted is as it should be", () => {
  assert.deepEqual(judged(OWN, { unit: "nginx", record: NOTED }), []);
  assert.deepEqual(judged({ running: true }, { unit: "nginx", entries: {} }), []);
  assert.deepEqual(judged({ content: CONTENT }, { unit: "oneshot" }), []);
  assert.deepEqual(judged({ enabled: false, running: false }, { unit: "stopped" }), []);
});

test("stopped, disabled, killed, crashing and masked units are told apart", () => {
  const { content: _content, ...theirs } = OWN;
  assert.deepEqual(judged(theirs, { unit: "stopped" }), ["enabled: false", "running: false"]);
  assert.deepEqual(judged({ running: true }, { unit: "killed" }), ['running: "failed (signal)"']);
  assert.deepEqual(judged({ running: true }, { unit: "loop" }), [
    'running: "starts again and again (exit-code)"',
  ]);
  assert.deepEqual(judged(theirs, { unit: "masked" }), [
    "masked: true",
    'enabled: "masked"',
    "running: false",
  ]);
  assert.deepEqual(judged({ running: false }, { unit: "nginx" }), ["running: true"]);
  assert.deepEqual(judged({ running: false }, { unit: "killed" }), []);
});

test("a file that is gone is a unit that is gone; an edited one is its content", () => {
  assert.equal(judged(OWN, { unit: "nginx", entries: {} }), "gone");
  assert.equal(judged({ running: true }, { unit: "none" }), "gone");
  const edited = { [PATH]: file("[Service]\n") };
  assert.match(
    judged(OWN, { unit: "nginx", entries: edited, record: NOTED })[0] ?? "",
    /^content: "sha256 [0-9a-f]{64}"$/,
  );
  const link: EntryFacts = { ...file(""), kind: "symlink", target: "/dev/null" };
  assert.deepEqual(judged(OWN, { unit: "masked", entries: { [PATH]: link }, record: NOTED }), [
    "masked: true",
    'content: "a symlink is in its place"',
    'enabled: "masked"',
    "running: false",
  ]);
});

test("what systemd has not loaded, or the process has not taken up, is drift", () => {
  assert.deepEqual(judged(OWN, { unit: "edited", record: NOTED }), ['content: "not loaded by systemd yet"']);
  assert.deepEqual(judged(OWN, { unit: "nginx", record: STALE }), [
    'running: "started before its files changed"',
  ]);
  assert.deepEqual(
    judged({ content: CONTENT }, { unit: "stopped", record: STALE }),
    [],
    "it takes it up when it starts",
  );
  const restartOn = [{ path: PATH, state: "a" }];
  assert.match(String(judged({ running: true, restartOn }, { unit: "nginx" })), /^restartOn\[0\]\.state/);
});

test("a folder that stands for a host has files and nothing else", () => {
  assert.deepEqual(judged(OWN, { unit: "none", system: false }), []);
  assert.equal(judged(OWN, { unit: "none", system: false, entries: {} }), "gone");
});

test("systemd is told what it takes, and no more", () => {
  const verb = (properties: PlainMap, unit: Recorded, record = NOTED, changed = false) => {
    const inputs = parseUnit({ name: "app.service", ...properties });
    const facts = systemFacts(inputs, answersTo(questionsAbout(inputs), { unit, record }));
    assert.ok(facts.unit);
    const looked = facts.looked && { ...facts.looked, text: recordOf(record) };
    return verbFor(inputs, facts.unit, dueWork(inputs, looked), changed);
  };
  assert.equal(verb(OWN, "nginx"), undefined);
  assert.equal(verb(OWN, "nginx", NOTED, true), "restart");
  assert.equal(verb(OWN, "nginx", STALE), "restart");
  assert.equal(verb(OWN, "stopped"), "start");
  assert.equal(verb(OWN, "killed"), "start");
  assert.equal(verb(OWN, "loop"), "start");
  assert.equal(verb({ content: CONTENT }, "nginx", NOTED, true), "restart", "one that runs takes it up");
  assert.equal(verb({ content: CONTENT }, "stopped", STALE, true), undefined);
  assert.equal(verb({ content: CONTENT }, "oneshot", STALE, true), undefined);
  assert.equal(verb({ running: false }, "nginx"), "stop");
  assert.equal(verb({ running: false }, "loop"), "stop");
  assert.equal(verb({ running: false }, "killed"), undefined);
  const reloadOn = [{ value: 1 }];
  assert.equal(verb({ ...OWN, reloadOn }, "nginx"), "reload");
  assert.equal(verb({ ...OWN, reloadOn }, "nginx", STALE), "restart", "a restart is more than a reload");
});
