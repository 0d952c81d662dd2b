import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { generateIdentity, identityToRecipient } from "age-encryption";
import { DEFAULT_RULES } from "../../../src/secrets/selection.ts";
import { openFile, parsePlain, sealNew } from "../../../src/secrets/secret-file.ts";
import { identitiesFrom } from "../../support/secrets.ts";

const secret = await generateIdentity();
const rule = {
  recipients: [await identityToRecipient(secret)],
  rules: DEFAULT_RULES,
  macOnlyEncrypted: false,
};
const identities = identitiesFrom({ SOPS_AGE_KEY: secret });
const moment = new Date("2026-01-02T03:04:05Z");

async function seal(file: string, text: string): Promise<string> {
  const document = parsePlain(file, Buffer.from(text));
  assert.ok(document.ok, JSON.stringify(document));
  const sealed = await sealNew(document.value, rule, moment);
  assert.ok(sealed.ok, JSON.stringify(sealed));
  return sealed.value.text;
}

const key = fc
  .string({ minLength: 1, maxLength: 12, unit: "grapheme" })
  .filter(name => !["__proto__", "sops"].includes(name) && name.isWellFormed());
const leaf = fc.oneof(
  fc.string({ unit: "grapheme" }).filter(text => text.isWellFormed()),
  fc.constantFrom(
    "",
    "true",
    "null",
    "1",
    "0x1f",
    "~",
    "<<",
    " x ",
    "a\nb\n",
    "\t",
    "# no",
    "- a",
    "2024-01-02",
  ),
  fc.boolean(),
  fc.constant(null),
  fc.maxSafeInteger(),
  // Whole numbers from 2^53 on come out as text, so that none of their digits is lost (docs/secrets.md).
  fc
    .double({ noDefaultInfinity: true, noNaN: true })
    .filter(number => !Object.is(number, -0) && (Number.isSafeInteger(number) || !Number.isInteger(number))),
);
const { tree } = fc.letrec<{ tree: Record<string, unknown>; node: unknown }>(tie => ({
  tree: fc.dictionary(key, tie("node"), { maxKeys: 4, noNullPrototype: true }),
  node: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    leaf,
    fc.array(tie("node"), { maxLength: 3 }),
    tie("tree"),
  ),
}));

for (const file of ["x.sops.json", "x.sops.yaml"]) {
  test(`what is sealed as ${file} opens as what it was`, async () => {
    await fc.assert(
      fc.asyncProperty(tree, async plain => {
        // JSON is YAML: the same text serves as both.
        const text = await seal(file, JSON.stringify(plain));
        const opened = await openFile(file, Buffer.from(text), identities);
        assert.ok(opened.ok, JSON.stringify(opened));
        assert.deepEqual(opened.value.document.tree(), JSON.parse(JSON.stringify(plain)));
        const again = parsePlain(file, Buffer.from(opened.value.document.text()));
        assert.ok(again.ok, JSON.stringify(again));
        assert.deepEqual(again.value.tree(), opened.value.document.tree());
      }),
      { numRuns: 60 },
    );
  });
}

test("changing any byte of a ciphertext, the mac or lastmodified is refused", async () => {
  const text = await seal("x.sops.yaml", "password: correct horse\nport: 5432\nratio: 1.5\non: true\n");
  const places = [...text.matchAll(/ENC\[[^\]]*\]|lastmodified: (.*)/g)].flatMap(match =>
    Array.from(match[0], (_, offset) => match.index + offset),
  );
  const from = text.indexOf("lastmodified:") + "lastmodified: ".length;
  const changed = places.filter(at => at < from - "lastmodified: ".length || at >= from);
  assert.ok(changed.length > 500);
  for (const at of changed) {
    const bytes = Buffer.from(text);
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    const opened = await openFile("x.sops.yaml", bytes, identities);
    assert.equal(opened.ok, false, `byte ${at}: ${bytes.toString("utf8", at - 5, at + 5)}`);
  }
});

test("comments are sealed and opened, before, beside and after values", async () => {
  // Words with spaces: base64 holds any short word by chance.
  const plain =
    "# the top\n\na: 1 # right beside\nb:\n  # deep inside\n  c:\n    - x\n    # in between\n    - y\n    # after the list\n# the next\nd: 2\n# the end\n";
  const comments = [
    "the top",
    "right beside",
    "deep inside",
    "in between",
    "after the list",
    "the next",
    "the end",
  ];
  const text = await seal("x.sops.yaml", plain);
  for (const comment of comments) assert.equal(text.includes(comment), false, comment);
  const opened = await openFile("x.sops.yaml", Buffer.from(text), identities);
  assert.ok(opened.ok);
  const shown = opened.value.document.text();
  for (const comment of comments) assert.ok(shown.includes(`# ${comment}`), shown);
  assert.equal(shown.includes("ENC["), false, shown);
});
