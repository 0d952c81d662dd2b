import assert from "node:assert/strict";
import { test } from "node:test";
import { createMetrics } from "../../../src/report/metrics.ts";
import type { StackView } from "../../../src/report/stack-view.ts";
import { changeOf, newer, NOW, planOf, revision, runOf, statusOf } from "./examples.ts";

const lineOf = (text: string, start: string): string | undefined =>
  text.split("\n").find(line => line.startsWith(start));
const view = (stack: string, state: StackView["state"]): StackView => ({
  stack,
  state,
  why: "",
  status: statusOf({ stack }),
});

test("states and last checks are asked for at each scrape", async () => {
  let views = [view("hosts/frodo", "in-sync"), view("hosts/sam", "held")];
  const metrics = createMetrics({ views: () => views });
  const text = await metrics.text();
  assert.equal(lineOf(text, 'holdfast_stacks{state="in-sync"}'), 'holdfast_stacks{state="in-sync"} 1');
  assert.equal(lineOf(text, 'holdfast_stacks{state="failed"}'), 'holdfast_stacks{state="failed"} 0');
  assert.ok(lineOf(text, 'holdfast_stack_state{stack="hosts/sam",state="held"} 1'));
  assert.ok(
    lineOf(text, `holdfast_stack_last_check_timestamp_seconds{stack="hosts/sam"} ${(NOW - 12_000) / 1000}`),
  );
  views = [view("hosts/frodo", "failed")];
  const later = await metrics.text();
  assert.ok(lineOf(later, 'holdfast_stacks{state="failed"} 1'));
  assert.ok(!later.includes("hosts/sam"));
  assert.ok(!later.includes('state="in-sync"} 1'));
});

test("a commit's way to converged is measured once, from when it was seen", async () => {
  const metrics = createMetrics({ views: () => [] });
  const run = runOf({ startedAt: NOW });
  metrics.listener({ type: "revision-seen", revision, at: NOW - 500 });
  const status = statusOf({ deployedAt: NOW + 800 });
  metrics.listener({ type: "run-ended", run, status, at: NOW + 900 });
  metrics.listener({
    type: "run-ended",
    run: runOf({ startedAt: NOW + 5000, trigger: "drift" }),
    status,
    at: NOW + 6000,
  });
  metrics.listener({
    type: "run-ended",
    run: runOf({ revision: newer, outcome: "failed" }),
    status,
    at: NOW,
  });
  const text = await metrics.text();
  assert.ok(lineOf(text, "holdfast_commit_to_converged_seconds_count 1"));
  assert.ok(lineOf(text, "holdfast_commit_to_converged_seconds_sum 1.4"));
  assert.ok(lineOf(text, 'holdfast_runs_total{outcome="converged",trigger="drift"} 1'));
  assert.ok(lineOf(text, 'holdfast_runs_total{outcome="failed",trigger="commit"} 1'));
  assert.ok(lineOf(text, 'holdfast_run_duration_seconds_sum{trigger="drift"} 1'));
});

test("drift's age counts from when it was found until it is gone", async () => {
  const metrics = createMetrics({ views: () => [] });
  const plan = planOf({ drift: [changeOf("motd")] });
  metrics.listener({ type: "planned", runId: "r", stack: "hosts/frodo", plan, at: NOW });
  metrics.listener({ type: "run-ended", run: runOf(), status: statusOf({ drifted: true }), at: NOW + 1000 });
  assert.ok(lineOf(await metrics.text(), "holdfast_drift_age_seconds_count 0"));
  metrics.listener({ type: "run-ended", run: runOf(), status: statusOf(), at: NOW + 90_000 });
  metrics.listener({ type: "run-ended", run: runOf(), status: statusOf(), at: NOW + 95_000 });
  const text = await metrics.text();
  assert.ok(lineOf(text, "holdfast_drift_age_seconds_count 1"));
  assert.ok(lineOf(text, "holdfast_drift_age_seconds_sum 90"));
});

test("source and processes", async () => {
  const metrics = createMetrics({ views: () => [], fetchedAt: () => NOW });
  const failure = { kind: "transient", reason: "fetch-failed", url: "u", why: "w" } as const;
  metrics.listener({ type: "source-failed", failure, at: NOW });
  metrics.listener({ type: "process-restarted", what: "state service", why: "SIGKILL", at: NOW });
  const text = await metrics.text();
  assert.ok(lineOf(text, `holdfast_source_last_success_timestamp_seconds ${NOW / 1000}`));
  assert.ok(lineOf(text, "holdfast_source_failures_total 1"));
  assert.ok(lineOf(text, 'holdfast_process_restarts_total{process="state service"} 1'));
});

test("the probe: how long it takes, what it reaches, what it finds", async () => {
  const metrics = createMetrics({ views: () => [] });
  const silent = [{ host: "ssh://frodo", why: "refused" }];
  const sweep = { type: "probed", every: 30_000, stacks: 3, resources: 60, differing: 1, at: NOW } as const;
  metrics.listener({ ...sweep, ms: 250, silent });
  metrics.listener({ ...sweep, every: 60_000, ms: 750, silent: [] });
  const differences = [{ urn: "urn:pulumi:dev::hosts::holdfast:host:File::motd", paths: ["content"] }];
  metrics.listener({ type: "probe-found", stack: "hosts/frodo", differences, at: NOW });
  const text = await metrics.text();
  assert.ok(lineOf(text, "holdfast_probe_sweep_duration_seconds_sum 1"));
  assert.ok(lineOf(text, "holdfast_probe_findings_total 1"));
  assert.ok(lineOf(text, 'holdfast_probe_stacks{every_seconds="30"} 3'));
  assert.ok(lineOf(text, 'holdfast_probe_resources{every_seconds="30"} 60'));
  assert.ok(lineOf(text, 'holdfast_probe_silent_hosts{every_seconds="30"} 1'));
  assert.ok(lineOf(text, 'holdfast_probe_silent_hosts{every_seconds="60"} 0'));
});

test("two sets of metrics do not know each other", async () => {
  const [one, two] = [createMetrics({ views: () => [] }), createMetrics({ views: () => [] })];
  one.listener({ type: "process-restarted", what: "x", why: "", at: NOW });
  assert.ok(!(await two.text()).includes('process="x"'));
});
