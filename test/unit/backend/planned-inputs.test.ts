import assert from "node:assert/strict";
import { test } from "node:test";
import { inputsFit } from "../../../src/backend/binding/planned-inputs.ts";
import { UNKNOWN_VALUE } from "../../../src/engine/ports/plan.ts";

const secret = (ciphertext: string): object => ({
  "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
  ciphertext,
});

const cases: readonly (readonly [string, Record<string, unknown>, Record<string, unknown>, boolean])[] = [
  ["equal", { path: "/a", list: [1, { b: true }] }, { path: "/a", list: [1, { b: true }] }, true],
  ["another value", { path: "/a" }, { path: "/b" }, false],
  ["a value more", { path: "/a" }, { path: "/a", mode: 7 }, false],
  ["a value less", { path: "/a", mode: 7 }, { path: "/a" }, false],
  ["null is like absent", { path: "/a", mode: null }, { path: "/a" }, true],
  ["a secret is masked", { word: "[secret]" }, { word: secret("AAA") }, true],
  ["a plain value became a secret", { word: "plain" }, { word: secret("AAA") }, false],
  ["an unknown fits everything", { path: UNKNOWN_VALUE }, { path: { any: ["thing"] } }, true],
  ["an unknown inside fits only there", { list: [UNKNOWN_VALUE, "b"] }, { list: ["x", "c"] }, false],
  ["a masked part of a text", { text: "a [secret] b" }, { text: "a hush b" }, true],
  [
    "what a provider fills in is free",
    { name: "bucket-1" },
    { name: "bucket-2", __defaults: ["name"] },
    true,
  ],
  ["what a provider filled in only now", {}, { name: "bucket-2", __defaults: ["name"] }, true],
  ["only the listed are free", { name: "a", size: 1 }, { name: "b", size: 2, __defaults: ["name"] }, false],
  ["other lengths of lists", { list: [1] }, { list: [1, 2] }, false],
];

for (const [name, planned, actual, expected] of cases)
  test(`planned inputs: ${name}`, () => assert.equal(inputsFit(planned, actual), expected));
