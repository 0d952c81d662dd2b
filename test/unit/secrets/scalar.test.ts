import assert from "node:assert/strict";
import { test } from "node:test";
import { floatText, plainValue } from "../../../src/secrets/leaf.ts";
import { resolvePlain } from "../../../src/secrets/yaml-scalar.ts";

/** Tried with sops 3.13.3: what it makes of an unquoted value. */
const cases: readonly [string, string, string][] = [
  ["12", "int", "12"],
  ["+5", "int", "5"],
  ["-0", "int", "0"],
  ["0x1F", "int", "31"],
  ["0777", "int", "511"],
  ["0o17", "int", "15"],
  ["0b101", "int", "5"],
  ["1_000", "int", "1000"],
  ["08", "float", "8"],
  ["1.50", "float", "1.5"],
  [".5", "float", "0.5"],
  ["1e3", "float", "1000"],
  [".inf", "float", "+Inf"],
  ["True", "bool", "True"],
  ["yes", "str", "yes"],
  ["1.2.3", "str", "1.2.3"],
  ["2024-01-02", "time", "2024-01-02T00:00:00Z"],
  ["2024-1-2 3:4:5.120", "time", "2024-01-02T03:04:05.12Z"],
  ["2024-02-30", "str", "2024-02-30"],
  ["9223372036854775807", "int", "9223372036854775807"],
];
for (const [text, type, canonical] of cases)
  test(`reads ${text} as ${type} ${canonical}`, () => {
    assert.deepEqual(resolvePlain(text), { type, text: canonical });
  });

test("reads null in all its spellings, and refuses what sops cannot hold", () => {
  for (const text of ["", "~", "null", "Null", "NULL"]) assert.equal(resolvePlain(text), null);
  assert.equal(resolvePlain("9223372036854775808"), undefined);
});

test("floats have no exponent", () => {
  assert.equal(floatText(1e21), "1000000000000000000000");
  assert.equal(floatText(1.25e-7), "0.000000125");
  assert.equal(floatText(-1.5e22), "-15000000000000000000000");
  assert.equal(floatText(-0), "-0");
});

test("numbers that JSON cannot hold exactly are given as text", () => {
  assert.equal(plainValue({ type: "int", text: "9007199254740993" }), "9007199254740993");
  assert.equal(plainValue({ type: "int", text: "9007199254740991" }), 9007199254740991);
  assert.equal(plainValue({ type: "float", text: "+Inf" }), "+Inf");
});
