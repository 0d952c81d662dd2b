/** What `--json` prints is what docs/schemas says. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import type { DriftRecord } from "../../../src/engine/ports/records.ts";
import {
  driftDocument,
  failureDocument,
  historyDocument,
  jsonText,
  planDocument,
  showDocument,
} from "../../../src/report/documents.ts";
import { statusDocument } from "../../../src/report/status-document.ts";
import { driftText } from "../../../src/report/drift-text.ts";
import { stackViews } from "../../../src/report/stack-view.ts";
import { schemaErrors } from "../../support/json-schema.ts";
import { changeOf, NOW, planOf, revision, runOf, settings, statusOf } from "./examples.ts";

function schemaOf(name: string): Record<string, unknown> {
  const file = path.resolve(import.meta.dirname, `../../../docs/schemas/${name}.schema.json`);
  return JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
}

/** As another program reads it. */
function check(name: string, document: unknown): void {
  const schema = schemaOf(name);
  assert.deepEqual(schemaErrors(JSON.parse(jsonText(document)), schema, schema), []);
}

const failure = { kind: "transient", reason: "check-failed", errors: [{ message: "x" }] } as const;
const unknown = [{ urn: "urn:x", why: "no route" }];
const full = planOf({
  drift: [changeOf("a", { op: "delete" })],
  changes: [
    changeOf("b", {
      paths: [{ path: "content", kind: "update" }],
      before: { content: "x" },
      after: { content: "y" },
      protect: true,
    }),
  ],
  unknown,
});
const { endedAt: _, outcome: __, ...running } = runOf();
const drift: DriftRecord = {
  stack: "hosts/frodo",
  urn: changeOf("motd").urn,
  kind: "changed",
  paths: ["content"],
  since: NOW - 7_200_000,
  seenAt: NOW,
  run: "01run",
  result: "ignored",
  ignoredBy: "hpa: autoscaler",
};

test("status", () => {
  const views = stackViews({
    statuses: [
      statusOf({ failure, unknown, retryAt: NOW, heldDigest: "d" }),
      {
        stack: "a/gone",
        attempts: 0,
        drifted: false,
        unknown: [],
        lightChecks: 0,
        resources: 0,
        references: [],
      },
    ],
    pauses: [{ stack: "hosts/frodo", why: "x", by: "sam", at: NOW }],
    wanted: ["hosts/frodo", "hosts/new"].map(name => ({ name, settings })),
    now: NOW,
  });
  const isolation = { hold: "user", unboxed: ["snake/dev"] } as const;
  check("status", statusDocument(views, { now: NOW, isolation }));
  check("status", statusDocument(views, { now: NOW }));
  check("status", statusDocument([], { now: NOW, repository: "r", branch: "main", head: revision, failure }));
});

test("failure", () => {
  check("failure", failureDocument(failure));
});

test("history", () => {
  check("history", historyDocument([running, runOf({ failure, by: "sam", counts: { create: 1 } })]));
});

test("show", () => {
  check("show", showDocument(runOf({ plan: full, timings: { work: 1.5 }, log: "x" })));
  check("show", showDocument(running));
});

test("plan", () => {
  const outcomes = [
    { stack: "hosts/frodo", plan: full },
    { stack: "hosts/x", failure },
  ];
  check("plan", planDocument(outcomes));
  assert.ok(!jsonText(planDocument(outcomes)).includes("c0ffee"), "the config hash stays inside");
});

const outcomes = [
  { stack: "hosts/frodo", checked: true, drift: [drift, { ...drift, endedAt: NOW }], unknown },
  { stack: "hosts/x", checked: false, drift: [], unknown: [], failure },
];

test("drift", () => {
  check("drift", driftDocument(outcomes));
});

test("drift as text", () => {
  assert.equal(
    driftText(outcomes, NOW),
    `hosts/frodo: 1 drifted
  ~ holdfast:host:File motd [content], for 2h: ignored (hpa: autoscaler)
  ? urn:x: no route
hosts/x: could not tell
  Reality could not be read
    x
  It is tried again by itself, later each time.`,
  );
});

test("the checker finds what is wrong", () => {
  const schema = schemaOf("history");
  const [run] = historyDocument([runOf()]).runs;
  const wrong = {
    version: 2,
    runs: [{ ...run, outcome: "fine", durationMs: -1, extra: 1, startedAt: "today" }],
  };
  const errors = schemaErrors(wrong, schema, schema);
  for (const path of ["$.version", "outcome", "durationMs", "extra", "startedAt"])
    assert.ok(
      errors.some(error => error.includes(path)),
      path,
    );
  assert.notDeepEqual(schemaErrors({ version: 1 }, schema, schema), []);
});
