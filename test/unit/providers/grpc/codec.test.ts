import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import structPb from "google-protobuf/google/protobuf/struct_pb.js";
import { decodeStruct, encodeStruct } from "../../../../src/providers/grpc/codec.ts";
import { open, seal } from "../../../../src/providers/grpc/secrecy.ts";
import {
  kind,
  mapOf,
  secret,
  UNKNOWN,
  type Value,
  type ValueMap,
} from "../../../../src/providers/grpc/value.ts";

const text = fc.string({ unit: "binary", maxLength: 20 }).filter(value => value.isWellFormed());
/** fast-check tries `__proto__` now and then, which google-protobuf's maps cannot hold (codec.ts). */
const name = text.filter(value => value !== "__proto__");
const key = fc.oneof(name, fc.constantFrom("constructor", "hasOwnProperty", "value", "id", ""));
const asset = fc.record({ hash: text, text }).map(parts => ({ [kind]: "asset", ...parts }) as const);
const archive = fc
  .dictionary(name, asset, { maxKeys: 3 })
  .map(assets => ({ [kind]: "archive", hash: "h", assets: mapOf(Object.entries(assets)) }) as const);
const reference = fc
  .record({ urn: text, id: fc.oneof(text.filter(Boolean), fc.constant(UNKNOWN)), packageVersion: text })
  .map(parts => ({ [kind]: "reference", ...parts }) as const);
const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map(n => (Object.is(n, -0) ? 0 : n));

const value: fc.Arbitrary<Value> = fc.letrec<{ value: Value }>(tie => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constant(null),
    fc.boolean(),
    number,
    text,
    fc.constant(UNKNOWN),
    asset,
    archive,
    reference,
    fc.array(tie("value"), { maxLength: 4 }),
    fc.array(fc.tuple(key, tie("value")), { maxLength: 4 }).map(mapOf),
    tie("value").map(secret),
    fc
      .record({ value: tie("value"), secret: fc.boolean(), dependencies: fc.array(text, { maxLength: 2 }) })
      .map(parts => ({ [kind]: "output", ...parts }) as const),
  ),
})).value;
const properties: fc.Arbitrary<ValueMap> = fc.array(fc.tuple(key, value), { maxLength: 5 }).map(mapOf);

const overTheWire = (map: ValueMap): ValueMap =>
  decodeStruct(structPb.Struct.deserializeBinary(encodeStruct(map).serializeBinary()));

test("every value comes back from the wire as it went", () => {
  fc.assert(
    fc.property(properties, map => assert.deepEqual(overTheWire(map), map)),
    { numRuns: 500 },
  );
});

test("an output that is not known yet, and a component's reference, come back too", () => {
  const map: ValueMap = {
    output: { [kind]: "output", secret: true, dependencies: ["urn:a"] },
    component: { [kind]: "reference", urn: "urn:pulumi:s::p::t::n", packageVersion: "1" },
  };
  assert.deepEqual(overTheWire(map), map);
});

test("each of the engine's markers of unknown values is understood", () => {
  const struct = structPb.Struct.fromJavaScript({
    boolean: "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
    object: "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    list: ["6a19a0b0-7e62-4c92-b797-7f8e31da9cc2"],
  });
  assert.deepEqual(decodeStruct(struct), { boolean: UNKNOWN, object: UNKNOWN, list: [UNKNOWN] });
});

test("a signature that is not known is an error and not a plain map", () => {
  const struct = structPb.Struct.fromJavaScript({ a: { "4dabf18193072939515e22adb298388d": "something" } });
  assert.throws(() => decodeStruct(struct), /signature/);
});

/** Secrets and outputs, wherever they are, taken away. */
const jsonWithSecrets: fc.Arbitrary<Value> = fc.letrec<{ value: Value }>(tie => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constant(null),
    text,
    fc.array(tie("value"), { maxLength: 3 }),
    fc.array(fc.tuple(key, tie("value")), { maxLength: 3 }).map(mapOf),
    fc.oneof(text, fc.array(text, { maxLength: 2 })).map(secret),
  ),
})).value;

test("what was opened is sealed again in the same places", () => {
  const map = fc.array(fc.tuple(key, jsonWithSecrets), { maxLength: 4 }).map(mapOf);
  fc.assert(
    fc.property(map, sealed => {
      const { properties: plain, secrets } = open(sealed);
      assert.deepEqual(seal(plain, secrets), sealed);
    }),
    { numRuns: 500 },
  );
});

test("a secret whose place is gone makes what is left around it secret", () => {
  const { secrets } = open({ connection: { host: "a", privateKey: secret("k") }, list: ["a", secret("b")] });
  assert.deepEqual(seal({ connection: { host: "a" }, list: ["a"] }, secrets), {
    connection: secret({ host: "a" }),
    list: secret(["a"]),
  });
});
