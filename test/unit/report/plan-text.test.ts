import assert from "node:assert/strict";
import { test } from "node:test";
import { SECRET_MASK, UNKNOWN_VALUE } from "../../../src/engine/ports/plan.ts";
import { planText } from "../../../src/report/plan-text.ts";
import { parsePropertyPath, valueAt } from "../../../src/report/property-path.ts";
import { changeOf, planOf, urnOf } from "./examples.ts";

const MOTD = Array.from({ length: 12 }, (_, index) => `line ${index + 1}`);
const before = `${MOTD.join("\n")}\n`;
const after = before.replace("line 3\n", "line three\n").replace("line 11\n", "");

test("a plan reads like a diff: drift first, then changes, grouped by component", () => {
  const plan = planOf({
    drift: [
      changeOf("motd", {
        paths: [{ path: "content", kind: "update" }],
        before: { content: "hello\n" },
        after: { content: "hacked\n" },
      }),
      changeOf("cron", { op: "delete" }),
    ],
    changes: [
      changeOf("nginx", {
        paths: [
          { path: "content", kind: "update" },
          { path: "mode", kind: "update" },
          { path: "owner", kind: "add" },
          { path: 'labels["a.b"]', kind: "delete" },
        ],
        before: { content: before, mode: "0644", labels: { "a.b": 1 } },
        after: { content: after, mode: "0600", owner: "root", labels: {} },
      }),
      changeOf("app", {
        op: "create",
        after: { path: "/etc/app", password: SECRET_MASK, id: UNKNOWN_VALUE, group: null },
      }),
      changeOf("vm", {
        urn: urnOf("holdfast:vm:Machine", "vm"),
        type: "holdfast:vm:Machine",
        op: "replace",
        paths: [{ path: "disk", kind: "update-replace" }],
        before: { disk: 10 },
        after: { disk: 20 },
      }),
      changeOf("vm", { urn: urnOf("holdfast:vm:Machine", "vm"), op: "delete-replaced" }),
      changeOf("old", { op: "delete", protect: true }),
    ],
    unknown: [{ urn: urnOf("holdfast:host:File", "far"), why: "no route to host" }],
  });
  assert.equal(
    planText(plan),
    `hosts/frodo at 1a2b3c4d: 1 to create, 1 to update, 1 to replace, 1 to delete, 2 drifted, 1 unknown

Reality differs from what is deployed:
  in holdfast:host:Host
    ~   holdfast:host:File motd
          content: "hello\\n" → "hacked\\n"
    -   holdfast:host:File cron

Changes:
  +/- holdfast:vm:Machine vm
        disk: 10 → 20 (forces replacement)
  in holdfast:host:Host
    ~   holdfast:host:File nginx
          content:
              line 1
              line 2
            - line 3
            + line three
              line 4
              line 5
              …
              line 9
              line 10
            - line 11
              line 12
          mode: "0644" → "0600"
          owner: "root"
          labels["a.b"]: 1 (removed)
    +   holdfast:host:File app
          path: "/etc/app"
          password: [secret]
          id: (known after apply)
    -   holdfast:host:File old (protected)

Could not be looked at:
  ?   holdfast:host:File far: no route to host`,
  );
});

test("nothing to do is said in one line", () => {
  assert.equal(planText(planOf()), "hosts/frodo at 1a2b3c4d: nothing to do; 4 resources are as wanted");
});

const bodyOf = (path: string, old: unknown, now: unknown): string[] => {
  const paths = [{ path, kind: "update" }] as const;
  const change = changeOf("x", { paths, before: { [path]: old }, after: { [path]: now } });
  return planText(planOf({ changes: [change] }))
    .split("\n")
    .slice(5)
    .map(line => line.slice(10));
};

test("a secret that changed shows that, and nothing else", () => {
  assert.deepEqual(bodyOf("password", SECRET_MASK, SECRET_MASK), ["password: [secret] → [secret] (changed)"]);
  assert.deepEqual(bodyOf("password", "plain", SECRET_MASK), ['password: "plain" → [secret]']);
});

test("big values are compared line by line as JSON, unknown parts in words", () => {
  const rule = (port: unknown): unknown => ({
    ports: [{ name: "http", protocol: "TCP", port, targetPort: 8080 }],
  });
  assert.deepEqual(bodyOf("spec", rule(80), rule(UNKNOWN_VALUE)), [
    "spec:",
    '        "name": "http",'.replace("        ", "          "),
    '          "protocol": "TCP",',
    '  -       "port": 80,',
    '  +       "port": "(known after apply)",',
    '          "targetPort": 8080',
    "        }",
  ]);
});

test("long diffs and long lists end with how much was left out", () => {
  const lines = (word: string): string => Array.from({ length: 300 }, (_, n) => `${word} ${n}`).join("\n");
  const body = bodyOf("content", lines("a"), lines("b"));
  assert.equal(body.length, 41);
  assert.match(body.at(-1) ?? "", /^ {2}… \d+ more lines$/);
  const changes = Array.from({ length: 2000 }, (_, n) => changeOf(`f${n}`, { op: "delete" }));
  const text = planText(planOf({ changes })).split("\n");
  assert.equal(text.length, 1003);
  assert.equal(text.at(-1), "… 1002 more lines");
});

test("texts too far apart are shown whole, and the screen is not made to wait", () => {
  const lines = (word: string): string => Array.from({ length: 3000 }, (_, n) => `${word} ${n}`).join("\n");
  const body = bodyOf("content", lines("a"), lines("b"));
  assert.equal(body.length, 41);
  assert.equal(body[1], "  - a 0");
  assert.equal(body[21], "  + b 0");
});

test("values cannot act on the terminal", () => {
  const body = bodyOf("content", "a\nb", "a\n\u001b[2Jc\u202e");
  assert.deepEqual(body, ["content:", "    a", "  - b", "  + c"]);
});

test("property paths are read as Pulumi writes them", () => {
  assert.deepEqual(parsePropertyPath('spec.ports[0].tags["a.b"].x'), [
    "spec",
    "ports",
    0,
    "tags",
    "a.b",
    "x",
  ]);
  assert.deepEqual(parsePropertyPath('["a\\"b"]'), ['a"b']);
  assert.equal(parsePropertyPath("a[x"), undefined);
  assert.equal(valueAt({ a: [{ b: 1 }] }, "a[0].b"), 1);
  assert.equal(valueAt({ a: 1 }, "constructor.name"), undefined);
});
