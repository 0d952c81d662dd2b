import assert from "node:assert/strict";
import { test } from "node:test";
import { compilePattern } from "../../../src/secrets/pattern.ts";
import { selection } from "../../../src/secrets/selection.ts";

const matches = (pattern: string, text: string): boolean => {
  const compiled = compilePattern(pattern, "encrypted_regex");
  assert.ok(compiled.ok, JSON.stringify(compiled));
  return compiled.value.test(text);
};

test("patterns as people write them in .sops.yaml are read as Go reads them", () => {
  assert.ok(matches("^(data|stringData)$", "stringData"));
  assert.equal(matches("^(data|stringData)$", "xdata"), false);
  assert.ok(matches(String.raw`secrets/.*\.sops\.ya?ml$`, "secrets/hosts.sops.yaml"));
  assert.ok(matches("(?i)password", "dbPassWord"));
  assert.ok(matches(String.raw`[^\w-]`, "a b"));
  assert.equal(matches(String.raw`^\s$`, "\u00a0"), false);
  assert.ok(matches("^.$", "\u2028"));
  assert.ok(matches("^a{2,3}$", "aaa"));
  assert.ok(matches("^[]a]+$", "]a"));
});

const refused = [
  "(?=a)",
  "(?!a)",
  "(?P<n>a)",
  String.raw`(a)\1`,
  String.raw`\pL`,
  String.raw`\Aa`,
  String.raw`a\z`,
  "[[:alpha:]]",
  "(a+)+",
  "(a|a)*",
  "a**",
  "(",
  ")",
  "[a",
  "*a",
  "(?:a?){20}",
  ".*.*.*.*.*",
  "(a|b|a)".repeat(30),
  "a?".repeat(40),
  "a".repeat(600),
];
for (const pattern of refused)
  test(`refuses ${pattern.slice(0, 20)}, which differs from Go's or takes long`, () => {
    assert.equal(compilePattern(pattern, "encrypted_regex").ok, false);
  });

test("rules look at every key on the way", () => {
  const select = (rules: Record<string, string>, ...keys: string[]): boolean => {
    const selects = selection(rules);
    assert.ok(selects.ok);
    return selects.value(keys);
  };
  assert.equal(select({}, "a"), true);
  assert.equal(select({ unencrypted_suffix: "_clear" }, "a_clear", "b"), false);
  assert.equal(select({ encrypted_suffix: "_enc" }, "a", "b"), false);
  assert.equal(select({ encrypted_suffix: "_enc" }, "a_enc", "b"), true);
  assert.equal(select({ unencrypted_regex: "^meta" }, "metadata", "b"), false);
  assert.equal(select({ encrypted_regex: "^data$" }, "data", "b"), true);
  assert.equal(select({ encrypted_regex: "^data$" }, "other"), false);
});
