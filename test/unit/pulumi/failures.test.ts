import assert from "node:assert/strict";
import { test } from "node:test";
import type { Failure } from "../../../src/engine/failure.ts";
import { failureOf } from "../../../src/pulumi/failures.ts";
import type { RunResult } from "../../../src/process/run.ts";
import { recordedEvents, recordedProcess } from "../../support/pulumi/recorded.ts";
import { openRedactor } from "../../support/pulumi/stage.ts";

const result = (over: Partial<RunResult> = {}): RunResult => ({
  code: 1,
  signal: null,
  stdout: Buffer.alloc(0),
  stderr: Buffer.alloc(0),
  timedOut: false,
  aborted: false,
  truncated: false,
  ...over,
});

const operation = {
  what: "pulumi preview probe/dev",
  deadlineMs: 1000,
  home: "/var/lib/holdfast/pulumi",
  events: [],
  runsProgram: true,
  output: "",
};

function recordedFailure(name: string): Failure {
  const { code, stderr, output } = recordedProcess(name);
  const events = recordedEvents(name);
  return failureOf(
    { ...operation, events, output, result: result({ code, stderr: Buffer.from(stderr) }) },
    openRedactor,
  );
}

test("a resource that could not be read is a failed check that names it", () => {
  for (const name of ["read-fails-preview", "read-fails-check"]) {
    assert.deepEqual(recordedFailure(name), {
      kind: "transient",
      reason: "check-failed",
      errors: [
        {
          urn: "urn:pulumi:dev::probe::probe:index:Thing::b",
          message: "cannot read /target/b: host does not answer",
        },
      ],
    });
  }
});

test("a property that a provider refuses is named, without its value", () => {
  const failure = recordedFailure("check-fails-preview");
  assert.deepEqual(failure, {
    kind: "stalled",
    reason: "resource-invalid",
    problems: [{ message: "bad: content: must not be refused" }],
  });
});

test("a program that throws failed with its own words, file and line", () => {
  const failure = recordedFailure("program-throws-preview");
  assert.ok(failure.reason === "program-failed");
  assert.match(failure.message, /^no such thing: /);
  assert.match(failure.message, /index\.mjs:\d+:\d+/);
  assert.doesNotMatch(failure.message, /node:internal|node_modules/);
});

test("what the SDK tells on stderr alone is the program's failure as well", () => {
  const begun = recordedEvents("program-throws-preview").filter(({ kind }) => kind === "begin");
  const output = "We failed to locate the entry point for your program: /checkout/app\n";
  const failure = failureOf(
    { ...operation, events: begun, output, result: result({ code: 255 }) },
    openRedactor,
  );
  assert.ok(failure.reason === "program-failed", failure.reason);
  assert.match(failure.message, /locate the entry point/);
});

test("a rejected promise, a missing module and process.exit are failures of the program", () => {
  const message = (name: string): string => {
    const failure = recordedFailure(name);
    assert.equal(failure.reason, "program-failed", name);
    return failure.reason === "program-failed" ? failure.message : "";
  };
  assert.match(message("program-rejects-preview"), /forgotten/);
  assert.match(message("program-missing-module-preview"), /nowhere\.mjs/);
  assert.match(message("program-exits-preview"), /process ended before the program did/);
});

test("a program that somebody else killed is tried again", () => {
  const message = "an unhandled error occurred: the program was ended by SIGKILL";
  const events = recordedEvents("program-exits-preview").map(event =>
    event.kind === "diagnostic" && event.severity === "error" ? { ...event, message } : event,
  );
  assert.deepEqual(failureOf({ ...operation, events, result: result({ code: 255 }) }, openRedactor), {
    kind: "transient",
    reason: "process-died",
    what: "the program's process",
    how: "ended by SIGKILL",
  });
});

test("a missing plugin is named with its version and the way to provide it", () => {
  const failure = recordedFailure("plugin-missing-preview");
  assert.ok(failure.reason === "plugin-missing");
  assert.equal(failure.plugin, "nosuch v1.2.3");
  assert.match(
    failure.how,
    /PULUMI_HOME=\/var\/lib\/holdfast\/pulumi pulumi plugin install resource nosuch v1\.2\.3/,
  );
});

test("an operation that was cut short is not judged by what it said", () => {
  const of = (over: Partial<RunResult>): Failure =>
    failureOf({ ...operation, result: result(over) }, openRedactor);
  assert.equal(of({ timedOut: true, code: 1 }).reason, "timed-out");
  assert.equal(of({ aborted: true, code: 1 }).reason, "shutting-down");
  assert.deepEqual(of({ code: null, signal: "SIGKILL" }), {
    kind: "transient",
    reason: "process-died",
    what: "pulumi preview probe/dev",
    how: "ended by SIGKILL",
  });
});

test("a locked stack waits", () => {
  const stderr = Buffer.from("error: [409] Conflict: Another update is currently in progress.\n");
  const failure = failureOf({ ...operation, result: result({ stderr }) }, openRedactor);
  assert.deepEqual(failure, {
    kind: "waiting",
    reason: "stack-busy",
    by: "Conflict: Another update is currently in progress.",
  });
});

test("an update that the state service refuses at its start is outdated", () => {
  const stderr = Buffer.from("error: [403] the state has moved from version 3 to 4\n");
  const failure = failureOf({ ...operation, result: result({ stderr }) }, openRedactor);
  assert.ok(failure.reason === "plan-outdated");
  assert.equal(failure.progressed, false);
  assert.match(failure.why, /version 3 to 4/);
});

test("anything else is the CLI's own failure, with its last words, redacted", () => {
  const stderr = Buffer.from("\u001b[31merror: \u001b[0mno such flag hush\n");
  const redact = (text: string): string => text.replaceAll("hush", "[secret]");
  const failure = failureOf({ ...operation, result: result({ code: 255, stderr }) }, { redact });
  assert.deepEqual(failure, {
    kind: "transient",
    reason: "cli-failed",
    exitCode: 255,
    message: "error: no such flag [secret]",
  });
});

test("Python's dynamic provider is refused by name, where programs have boxes", () => {
  const stderr =
    "error: default: could not read plugin [/opt/holdfast/src/program/dynamic/path/pulumi-resource-pulumi-python]: exit status 1";
  const failure = failureOf({ ...operation, result: result({ stderr: Buffer.from(stderr) }) }, openRedactor);
  assert.ok(failure.reason === "program-failed" && failure.kind === "stalled");
  assert.match(failure.message, /dynamic provider in Python/);
});

test("a program over a limit of its box fails by the limit's name", () => {
  const limits = { memory: 4e9, processes: 512 };
  const failed = {
    kind: "diagnostic",
    severity: "error",
    message: "an unhandled error occurred: the program came to its limit of memory",
    ephemeral: false,
  } as const;
  const failure = failureOf(
    { ...operation, limits, events: [failed], output: "so far so good", result: result() },
    openRedactor,
  );
  assert.ok(failure.reason === "program-failed");
  assert.match(failure.message, /^the program needs more than the 4000 MB of memory.*programMemory/);
});
