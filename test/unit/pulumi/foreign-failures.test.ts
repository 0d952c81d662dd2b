/** Failures of a CLI that worked on a foreign backend: sorted, with a way out, without a password. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { RunResult } from "../../../src/process/run.ts";
import { foreignFailure } from "../../../src/pulumi/foreign-failures.ts";

const address = {
  url: "postgres://anna:hush-hush@db/state",
  shown: "postgres://anna:…@db/state",
};

function failureOf(stderr: string, over: Partial<RunResult> = {}, writes = false) {
  const result: RunResult = {
    code: 1,
    signal: null,
    stdout: Buffer.alloc(0),
    stderr: Buffer.from(stderr),
    timedOut: false,
    aborted: false,
    truncated: false,
    ...over,
  };
  return foreignFailure({ what: "stack export web/prod", address, result, writes, deadlineMs: 1000 });
}

test("what worked is no failure", () => {
  assert.equal(failureOf("warning: something", { code: 0 }), undefined);
});

test("the CLI's own words, without the password that it repeats", () => {
  const failure = failureOf(
    'error: unable to open state database "postgres://anna:hush-hush@db/state": failed to ping as hush-hush',
  );
  assert.ok(failure?.reason === "state-unreadable");
  assert.match(failure.why, /unable to open state database "postgres:\/\/anna:…@db\/state"/);
  assert.ok(!failure.why.includes("hush-hush"));
  assert.match(failure.hint ?? "", /check the address/);
});

test("a missing or wrong passphrase says which variable", () => {
  for (const words of [
    "passphrase must be set with PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE environment variables",
    "error: could not deserialize deployment: incorrect passphrase",
  ]) {
    const failure = failureOf(words);
    assert.ok(failure?.reason === "state-unreadable");
    assert.match(failure.hint ?? "", /PULUMI_CONFIG_PASSPHRASE/);
  }
});

test("what a newer Pulumi wrote, a held lock, a hang and an end from outside have reasons of their own", () => {
  const newer = failureOf(
    "error: this stack's deployment needs support for the following features: time-travel",
  );
  assert.ok(newer?.reason === "state-unreadable" && newer.hint?.includes("update holdfast"));
  const locked = failureOf("error: the stack is currently locked by 1 lock(s).", {}, true);
  assert.equal(locked?.reason, "stack-busy");
  assert.equal(failureOf("", { code: null, timedOut: true })?.reason, "timed-out");
  assert.equal(failureOf("", { code: null, aborted: true })?.reason, "shutting-down");
  assert.equal(failureOf("", { code: null, signal: "SIGKILL" })?.reason, "process-died");
  assert.equal(failureOf("", { code: 0, truncated: true })?.reason, "state-unreadable");
  assert.equal(failureOf("error: something else", {}, true)?.reason, "cli-failed");
});
