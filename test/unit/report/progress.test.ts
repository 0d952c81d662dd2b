import assert from "node:assert/strict";
import { test } from "node:test";
import type { EngineEvent } from "../../../src/engine/event.ts";
import { createProgress, logLine } from "../../../src/report/progress.ts";
import { changeOf, NOW, planOf, revision, runOf, statusOf } from "./examples.ts";

const stack = "hosts/frodo";
const { urn } = changeOf("motd");
const resource = { type: "resource", runId: "01run", stack, urn, op: "create", at: NOW } as const;
const { endedAt: _, outcome: __, ...running } = runOf();
const EVENTS: readonly EngineEvent[] = [
  { type: "revision-seen", revision, at: NOW },
  {
    type: "flaw-seen",
    revision,
    problem: {
      message: "not valid YAML",
      place: { file: "bad/Pulumi.yaml", line: 2, column: 1 },
      hint: "mend it",
    },
    at: NOW,
  },
  { type: "run-started", run: running, at: NOW },
  { type: "step", runId: "01run", stack, step: "apply", at: NOW },
  {
    type: "planned",
    runId: "01run",
    stack,
    plan: planOf({ changes: [changeOf("motd", { op: "create" })] }),
    at: NOW,
  },
  { ...resource, phase: "begin" },
  { ...resource, phase: "done" },
  { ...resource, phase: "failed", message: "EACCES\n\u001b[2J" },
  { type: "run-ended", run: runOf({ counts: { create: 1 } }), status: statusOf(), at: NOW },
  {
    type: "run-ended",
    run: runOf({ outcome: "held", failure: { kind: "waiting", reason: "approval-needed", digest: "d" } }),
    status: statusOf(),
    at: NOW,
  },
  { type: "source-failed", failure: { kind: "stalled", reason: "branch-missing", branch: "main" }, at: NOW },
  { type: "process-restarted", what: "state service", why: "SIGKILL", at: NOW },
  { type: "message", level: "warning", text: "slow disk", at: NOW },
];

test("each event worth one is one line, with time and stack", () => {
  const lines: string[] = [];
  EVENTS.forEach(createProgress(line => lines.push(line)));
  assert.equal(
    lines.join(""),
    `03:04:05 commit 1a2b3c4d Sam Gamgee: hosts: add motd
03:04:05 error: commit 1a2b3c4d: bad/Pulumi.yaml:2:1  not valid YAML · mend it
03:04:05 hosts/frodo converge of 1a2b3c4d (commit), run 01run
03:04:05 hosts/frodo 1 to create
03:04:05 hosts/frodo create holdfast:host:File motd done
03:04:05 hosts/frodo create holdfast:host:File motd failed: EACCES
03:04:05 hosts/frodo converged +1 in 0.8s
03:04:05 hosts/frodo held in 0.8s: Waits for approval · Read the plan: holdfast show 01run. If it is right: holdfast approve 01run. If not: git revert.
03:04:05 repository: The repository has no branch main · Push the branch, or start holdfast with --branch NAME.
03:04:05 restarted state service: SIGKILL
03:04:05 warning: slow disk
`,
  );
});

test("a probe says what it found, and each of its sweeps only where more is wanted", () => {
  const urn = (name: string): string => `urn:pulumi:dev::hosts::holdfast:host:File::${name}`;
  const differences = [
    { urn: urn("motd"), paths: ["content", "mode"] },
    { urn: urn("issue"), paths: [""] },
    ...["a", "b"].map(name => ({ urn: urn(name), paths: ["owner"] })),
  ];
  const events: EngineEvent[] = [
    { type: "probe-found", stack, differences, at: NOW },
    {
      type: "probed",
      every: 30_000,
      ms: 1_250,
      stacks: 2,
      resources: 40,
      differing: 1,
      silent: [{ host: "ssh://camelot", why: "refused" }],
      at: NOW,
    },
  ];
  const said = (verbose: boolean): string => {
    const lines: string[] = [];
    events.forEach(createProgress(line => lines.push(line), { verbose }));
    return lines.join("");
  };
  const found =
    "03:04:05 hosts/frodo probe: holdfast:host:File motd [content, mode], holdfast:host:File issue is not there, holdfast:host:File a [owner] and 1 more\n";
  assert.equal(said(false), found);
  events[0] = { type: "probe-found", stack, differences: [], at: NOW };
  assert.equal(said(false), "03:04:05 hosts/frodo probe: what differed is in order again\n");
  events[0] = { type: "probe-found", stack, differences, at: NOW };
  assert.equal(
    said(true),
    `${found}03:04:05 probe: 40 resources of 2 stacks in 1.3s, 1 differ, no answer from ssh://camelot\n`,
  );
});

test("what a plan only looks at is not said as done", () => {
  const lines: string[] = [];
  const listener = createProgress(line => lines.push(line));
  listener({ ...resource, phase: "done" });
  assert.deepEqual(lines, []);
  listener({ ...resource, phase: "failed" });
  assert.equal(lines.length, 1);
});

test("verbose says steps and beginnings, too", () => {
  const lines = EVENTS.map(event => logLine(event, true));
  assert.equal(lines.filter(line => line !== undefined).length, EVENTS.length);
});

test("with colours, texts of others still cannot act on the terminal", () => {
  const text = EVENTS.map(event => logLine(event, false, true)).join("\n");
  assert.ok(text.includes("\u001b[3"));
  assert.ok(!text.includes("\u001b[2J"));
});
