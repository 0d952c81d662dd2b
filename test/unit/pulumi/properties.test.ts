import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { UNKNOWN_VALUE } from "../../../src/engine/ports/plan.ts";
import { fits, LONGEST_STRING, propertiesForm } from "../../../src/engine/ports/properties.ts";

const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";
const ASSET = "c44067f5952c0a294b673a41bacd8c17";

test("an event's secret and the journal's secret have one form", () => {
  const event = propertiesForm({ a: { [SIGNATURE]: SECRET, ciphertext: "[secret]" } });
  const journal = propertiesForm({ a: { [SIGNATURE]: SECRET, ciphertext: "AAABBBCCC" } });
  assert.deepEqual(event, { a: "[secret]" });
  assert.deepEqual(journal, event);
});

test("a text asset is its hash, because events leave its text out", () => {
  const event = propertiesForm({ a: { [SIGNATURE]: ASSET, hash: "abc", text: "<contents elided>" } });
  const journal = propertiesForm({ a: { [SIGNATURE]: ASSET, hash: "abc", text: "real" } });
  assert.deepEqual(event, journal);
  assert.ok(!fits(event, propertiesForm({ a: { [SIGNATURE]: ASSET, hash: "other", text: "real" } })));
});

test("a long text is its digest on both sides, and another long text is another", () => {
  const long = "x".repeat(LONGEST_STRING + 1);
  const form = propertiesForm({ long });
  assert.ok(JSON.stringify(form).length < 200);
  assert.ok(fits(form, propertiesForm({ long })));
  assert.ok(!fits(form, propertiesForm({ long: `${long.slice(1)}y` })));
});

test("an unknown value fits whatever it turns out to be, a known one only itself", () => {
  assert.ok(fits({ a: UNKNOWN_VALUE }, { a: [1, 2] }));
  assert.ok(!fits({ a: "x" }, { a: "y" }));
  assert.ok(!fits({ a: "x" }, { a: "x", b: "more" }));
  assert.ok(!fits({ a: "x", b: "less" }, { a: "x" }));
});

test("a text with a masked part fits the text with the part in it, and none that differs beside it", () => {
  assert.ok(fits("user=a password=[secret]!", "user=a password=hunter2!"));
  assert.ok(!fits("user=a password=[secret]!", "user=b password=hunter2!"));
  assert.ok(!fits("user=a password=[secret]!", "user=a password=hunter2"));
  assert.ok(fits("[secret]-[secret]", "a-b"));
  assert.ok(!fits("ab[secret]ba", "aba"));
});

test("whatever has no secret and nothing unknown in it fits itself and nothing else", () => {
  const object = fc.dictionary(fc.string(), fc.jsonValue());
  fc.assert(
    fc.property(object, object, (a, b) => {
      const [one, other] = [propertiesForm(a), propertiesForm(b)];
      assert.ok(fits(one, one));
      const withoutNulls = (value: unknown): string =>
        JSON.stringify(value, (_key, inner: unknown) => inner ?? undefined);
      if (fits(one, other) && !JSON.stringify(one).includes("[secret]"))
        assert.equal(sortedJson(withoutNulls(one)), sortedJson(withoutNulls(other)));
    }),
  );
});

function sortedJson(json: string): string {
  const sort = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(sort);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, inner]) => [key, sort(inner)]),
    );
  };
  return JSON.stringify(sort(JSON.parse(json)));
}

test("a hostile depth does not exhaust the stack", () => {
  let deep: unknown = "end";
  for (let level = 0; level < 5000; level += 1) deep = { deep };
  assert.ok(propertiesForm({ deep }));
});
