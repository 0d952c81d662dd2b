import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createRedactor } from "../../../src/secrets/redactor.ts";

const SECRET = 'pa$$ "word"/ü?\n<&>';

const forms: Record<string, string> = {
  plain: SECRET,
  "JSON text": JSON.stringify({ a: SECRET }),
  "JSON in JSON": JSON.stringify(JSON.stringify({ a: SECRET })),
  "Go's JSON": String.raw`pa$$ \"word\"/ü?\n\u003c\u0026\u003e`,
  base64: Buffer.from(SECRET).toString("base64"),
  "base64 without padding": Buffer.from(SECRET).toString("base64").replace(/=+$/, ""),
  base64url: Buffer.from(SECRET).toString("base64url"),
  "URL component": encodeURIComponent(SECRET),
  "in single quotes of a shell": SECRET.replaceAll("'", `'\\''`),
  "in double quotes of a shell": String.raw`pa\$\$ \"word\"/ü?` + "\n<&>",
  "form field": new URLSearchParams({ a: SECRET }).toString().slice(2),
};

for (const [name, text] of Object.entries(forms)) {
  test(`masks a value as ${name}`, () => {
    const redactor = createRedactor();
    redactor.add(SECRET);
    const shown = redactor.redact(`before ${text} after`);
    assert.match(shown, /^before \S*\[secret\]\S* after$/);
    assert.equal(shown.includes("word"), false);
  });
}

test("values under six characters are not kept, in no form", () => {
  const redactor = createRedactor();
  for (const value of ["", "12345", "a\nb", "\n\n\n\n\n\n\n"]) redactor.add(value);
  const text = `12345 ${Buffer.from("12345").toString("base64")} a\\nb \\n\\n\\n\\n\\n\\n\\n`;
  assert.equal(redactor.redact(text), text);
});

test("masks lines of a long value, but not its short lines and banners", () => {
  const redactor = createRedactor();
  redactor.add("-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkq\nserver {\n-----END PRIVATE KEY-----\n");
  assert.equal(redactor.redact("x MIIEvQIBADANBgkq y"), "x [secret] y");
  assert.equal(
    redactor.redact("server { -----BEGIN PRIVATE KEY-----"),
    "server { -----BEGIN PRIVATE KEY-----",
  );
});

test("values that overlap are masked together", () => {
  const redactor = createRedactor();
  redactor.add("abcdefgh");
  redactor.add("efghijkl");
  redactor.add("abcdefghij-longer");
  assert.equal(redactor.redact("<abcdefghijkl> <abcdefghij-longer>"), "<[secret]> <[secret]>");
});

test("a URN and a digest that hold a value as a part are kept; the value beside them is not", () => {
  const redactor = createRedactor();
  redactor.add("production");
  redactor.add("c0ffee");
  const urn = "urn:pulumi:production::hosts::holdfast:host:File::motd";
  const digest = `${"0".repeat(34)}c0ffee`;
  assert.equal(redactor.redact(`${urn} ${digest} production c0ffee`), `${urn} ${digest} [secret] [secret]`);
});

test("a digest that is itself the secret is masked", () => {
  const redactor = createRedactor();
  redactor.add("ab".repeat(32));
  assert.equal(redactor.redact(`x ${"ab".repeat(32)}`), "x [secret]");
});

test("identifiers of the estate are not kept, nor the mask itself", () => {
  const redactor = createRedactor({ identifiers: new Set(["camelot"]) });
  redactor.add("camelot");
  redactor.add("secret");
  assert.equal(redactor.redact("camelot [secret]"), "camelot [secret]");
});

test("agrees with a plain search for any values and text", () => {
  const word = fc.string({ unit: fc.constantFrom("a", "b", "c"), minLength: 6, maxLength: 9 });
  fc.assert(
    fc.property(
      fc.array(word, { maxLength: 5 }),
      fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 60 }),
      (values, text) => {
        const redactor = createRedactor();
        values.forEach(value => redactor.add(value));
        const hidden = [...text].map((_, at) =>
          values.some(value =>
            Array.from(value, (__, back) => at - back).some(
              start => start >= 0 && text.startsWith(value, start),
            ),
          ),
        );
        const kept = [...text].filter((_, at) => !hidden[at]).join("");
        assert.equal(redactor.redact(text).replaceAll("[secret]", ""), kept);
      },
    ),
  );
});

test("a stream masks what is split over pieces, and loses nothing", () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom("topsecret-value", "top", "secret", " ", "\n", "x", "-value"), {
        maxLength: 30,
      }),
      fc.integer({ min: 1, max: 9 }),
      (parts, size) => {
        const text = parts.join("");
        const redactor = createRedactor();
        redactor.add("topsecret-value");
        const stream = redactor.stream();
        const chunks = text.match(new RegExp(`[^]{1,${size}}`, "g")) ?? [];
        assert.equal(chunks.map(chunk => stream.push(chunk)).join("") + stream.end(), redactor.redact(text));
      },
    ),
  );
});

test("a stream shows a finished line at once", () => {
  const redactor = createRedactor();
  redactor.add("topsecret-value");
  const stream = redactor.stream();
  assert.equal(stream.push("a line\ntop"), "a line\n");
  assert.equal(stream.push("secret-value\n"), "[secret]\n");
});
