import assert from "node:assert/strict";
import { test } from "node:test";
import { historyTable } from "../../../src/report/history-table.ts";
import { columns } from "../../../src/report/plain-text.ts";
import { stackViews } from "../../../src/report/stack-view.ts";
import { statusSummary, statusTable } from "../../../src/report/status-table.ts";
import { newer, NOW, revision, runOf, settings, statusOf } from "./examples.ts";

const LONG = "a-project-with-a-very-long-name-indeed/and-a-stack-with-a-long-name-too";
const views = stackViews({
  statuses: [
    statusOf(),
    statusOf({
      stack: "cluster/prod",
      attempted: revision,
      deployed: newer,
      checkedAt: NOW - 3 * 60_000,
      failure: { kind: "waiting", reason: "limit-exceeded", digest: "d", why: "6 deletes, 5 are allowed" },
    }),
    statusOf({ stack: LONG, deployed: { ...revision, author: "魔法使いのガンダルフ・ザ・グレイ" } }),
    statusOf({ stack: "vms/old" }),
  ],
  pauses: [{ stack: "hosts/frodo", why: "moving racks ".repeat(9), by: "sam", at: NOW - 60_000 }],
  wanted: ["hosts/frodo", "hosts/new", "cluster/prod", LONG].map(name => ({ name, settings })),
  head: revision,
  now: NOW,
});

test("status shows every stack that is wanted or known, and why it is not in sync", () => {
  assert.equal(
    statusTable(views, { now: NOW }),
    `STACK                             STATE     DEPLOYED  AUTHOR            CHECKED
a-project-with-a-very-long-name…  in-sync   1a2b3c4d  魔法使いのガン…   12s ago
cluster/prod                      held      99887766  Ann               3m ago
    Held by the limits: 6 deletes, 5 are allowed
    More: holdfast show 01run
hosts/frodo                       unknown   1a2b3c4d  Sam Gamgee        12s ago
    Paused by sam for 1m: moving racks moving racks moving racks moving racks…
hosts/new                         pending   -         -                 never
    Not looked at yet
vms/old                           orphaned  1a2b3c4d  Sam Gamgee        12s ago
    Gone from Git; its resources are still there`,
  );
});

test("status fits 80 columns", () => {
  for (const line of statusTable(views, { now: NOW }).split("\n")) assert.ok(columns(line) <= 80, line);
});

test("colours come only when they are asked for", () => {
  assert.ok(!statusTable(views, { now: NOW }).includes("\u001b"));
  assert.ok(statusTable(views, { now: NOW, color: true }).includes("\u001b["));
});

test("an author's name cannot act on the terminal", () => {
  const status = statusOf({ deployed: { ...revision, author: "\u001b[2JSam\u202e\r\nx" } });
  const text = statusTable([{ stack: "a/b", state: "in-sync", why: "", status }], { now: NOW });
  assert.match(text, / Sam x /);
  assert.ok(!text.includes("\u001b"));
});

test("the summary counts states", () => {
  assert.equal(statusSummary(views), "5 stacks: 1 in-sync, 1 held, 1 unknown, 1 pending, 1 orphaned");
  assert.equal(statusSummary([]), "0 stacks");
});

test("history shows commit, author, trigger, counts and duration", () => {
  const {
    endedAt: _,
    outcome: __,
    ...running
  } = runOf({ id: "03run", trigger: "manual", startedAt: NOW - 2000 });
  const runs = [
    running,
    runOf({ id: "02run", trigger: "drift", counts: { same: 3, update: 1 }, endedAt: NOW - 235_000 }),
    runOf({ counts: { create: 2, replace: 1, "create-replacement": 1, delete: 3 } }),
  ];
  assert.equal(
    historyTable(runs, { now: NOW }),
    `WHEN    STACK        COMMIT    AUTHOR      TRIGGER  OUTCOME    CHANGES     TOOK   RUN
2s ago  hosts/frodo  1a2b3c4d  Sam Gamgee  manual   running    -                  03run
5m ago  hosts/frodo  1a2b3c4d  Sam Gamgee  drift    converged  ~1          1m05s  02run
5m ago  hosts/frodo  1a2b3c4d  Sam Gamgee  commit   converged  +2 +/-1 -3  0.8s   01run`,
  );
  assert.equal(historyTable([], { now: NOW }), "No runs.");
});
