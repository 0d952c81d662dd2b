import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { diffInputs } from "../../../../src/providers/grpc/diff.ts";
import { kind, UNKNOWN, type Asset, type PlainMap } from "../../../../src/providers/grpc/value.ts";

const paths = (old: PlainMap, now: PlainMap): string[] =>
  diffInputs(old, now).map(change => `${change.kind} ${change.path}`);

test("paths are written as Pulumi writes them", () => {
  assert.deepEqual(
    paths(
      { spec: { replicas: 1, gone: true }, tags: { "a.b": "1" }, list: ["a", "b"] },
      { spec: { replicas: 2 }, tags: { "a.b": "2" }, list: ["a", "c", "d"], fresh: 1 },
    ),
    [
      "update spec.replicas",
      "delete spec.gone",
      'update tags["a.b"]',
      "update list[1]",
      "add list[2]",
      "add fresh",
    ],
  );
});

test("a change of shape is one change", () => {
  assert.deepEqual(paths({ a: { b: 1 } }, { a: [1] }), ["update a"]);
  assert.deepEqual(paths({ a: null }, { a: {} }), ["update a"]);
});

test("an unknown value may become anything, so it differs", () => {
  assert.deepEqual(paths({ a: "x" }, { a: UNKNOWN }), ["update a"]);
});

test("assets are compared by their hash", () => {
  const asset = (hash: string, path: string): Asset => ({ [kind]: "asset", hash, path });
  assert.deepEqual(paths({ a: asset("1", "/x") }, { a: asset("1", "/y") }), []);
  assert.deepEqual(paths({ a: asset("1", "/x") }, { a: asset("2", "/x") }), ["update a"]);
});

test("nothing differs from itself, and what differs is told from both sides", () => {
  const json = fc.dictionary(fc.string(), fc.jsonValue()) as fc.Arbitrary<PlainMap>;
  fc.assert(
    fc.property(json, json, (a, b) => {
      assert.deepEqual(diffInputs(a, structuredClone(a)), []);
      assert.equal(diffInputs(a, b).length > 0, diffInputs(b, a).length > 0);
    }),
  );
});
