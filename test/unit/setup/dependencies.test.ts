/** What our packages may bring: licences, and holes that are known. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { load, root } from "./setup-modules.ts";

const { forbidden, packagesOf, page, problems } = await load("licences.mjs");
const { judgeAudit } = await load("audit.mjs");

const lock = {
  packages: {
    "": { version: "0.1.0" },
    "node_modules/kind": { version: "1.0.0", license: "(BSD-3-Clause AND Apache-2.0)" },
    "node_modules/kind/node_modules/@scope/strict": { version: "2.0.0", license: "AGPL-3.0-only" },
    "node_modules/silent": { version: "3.0.0", dev: true },
  },
};

test("a licence that asks more than its notice is refused, and so is none at all", () => {
  const names = forbidden(packagesOf(lock)).map(({ name, licence }) => `${name}: ${licence}`);
  assert.deepEqual(names, ["@scope/strict: AGPL-3.0-only", "silent: none"]);
});

test("the list names what holdfast runs with, and not what only tests it", () => {
  const text = page(packagesOf(lock));
  assert.match(text, /## BSD-3-Clause AND Apache-2\.0\n\n`kind`/);
  assert.doesNotMatch(text, /silent/);
});

test("our own packages are allowed, and the page lists them", () => {
  assert.deepEqual(problems(root), []);
});

test("a known hole of high severity is told, a low one is not", () => {
  const vulnerabilities = {
    a: { name: "a", severity: "high", range: "<2" },
    b: { name: "b", severity: "low", range: "*" },
  };
  assert.deepEqual(judgeAudit(JSON.stringify({ vulnerabilities })), { holes: ["a <2: high"] });
});

test("a registry that has no list is no good news", () => {
  assert.deepEqual(judgeAudit(JSON.stringify({ message: "405 Method Not Allowed" })), {
    unanswered: "405 Method Not Allowed",
  });
  assert.ok(judgeAudit("").unanswered);
});
