/** Secrets files of any content, and good ones with something changed: never an exception, never a value that was changed. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { creationRule } from "../../../src/secrets/creation-rules.ts";
import { parseFile } from "../../../src/secrets/parse-file.ts";
import { bounded, fuzzing, objectWith, yamlText } from "../../support/fuzz.ts";
import {
  fixtureIdentities,
  fixtureKeyFile,
  fixtures,
  readSecrets,
  temporaryFolder,
} from "../../support/secrets.ts";

const WORDS = [
  ...[
    "sops",
    "mac",
    "age",
    "recipient",
    "enc",
    "lastmodified",
    "version",
    "unencrypted_suffix",
    "encrypted_regex",
  ],
  ...[
    "encrypted_suffix",
    "unencrypted_regex",
    "mac_only_encrypted",
    "shamir_threshold",
    "key_groups",
    "kms",
    "pgp",
  ],
  ...[
    "ENC[AES256_GCM,data:AA==,iv:AA==,tag:AA==,type:str]",
    "ENC[AES256_GCM,data:,iv:,tag:,type:]",
    "(a+)+$",
    "3.13.3",
  ],
  ...["sops_mac", "sops_age__list_0__map_enc", "password", "2026-01-01T00:00:00Z", "a.b", "x_unencrypted"],
];
const NAMES = ["x.sops.yaml", "x.sops.json", "x.sops.env"] as const;

test("a secrets file of any content is a document, or refused in a few words that quote nothing of it", () => {
  const content = fc.oneof(
    yamlText(WORDS),
    objectWith(WORDS).map(value => JSON.stringify(value) ?? ""),
    fc
      .array(fc.tuple(fc.constantFrom(...WORDS), fc.string()))
      .map(all => all.map(pair => pair.join("=")).join("\n")),
  );
  fc.assert(
    fc.property(fc.constantFrom(...NAMES), content, (name, text) => {
      const parsed = bounded(() => parseFile(name, Buffer.from(text)));
      if (!parsed.ok) assert.ok(parsed.why.length > 0 && parsed.why.length < 1000, parsed.why);
    }),
    fuzzing(),
  );
});

const read = (name: string): string => readFileSync(path.join(fixtures, name), "utf8");
const ORIGINALS = ["all.sops.yaml", "all.sops.json", "all.sops.env", "regex.sops.yaml"].map(name => ({
  name,
  text: read(name),
}));
const secretKey = readFileSync(fixtureKeyFile, "utf8").split("\n")[1] ?? "";

test("a good file with something changed is refused, or says just what it said before", async t => {
  const folder = temporaryFolder(t);
  const identities = fixtureIdentities();
  const before = new Map<string, string>();
  for (const { name, text } of ORIGINALS) {
    writeFileSync(path.join(folder, name), text);
    const whole = await readSecrets(folder, [name], identities);
    assert.ok(whole.ok);
    before.set(name, JSON.stringify(whole.value));
  }
  const place = fc.double({ min: 0, max: 1, noNaN: true });
  const edit = fc.oneof(
    fc.tuple(place, place).map(([from, to]) => (text: string) => {
      const [a, b] = [Math.floor(from * text.length), Math.floor(to * text.length)].sort((x, y) => x - y);
      return text.slice(0, a) + text.slice(b);
    }),
    fc.tuple(place, fc.oneof(fc.string(), fc.constantFrom(...WORDS))).map(([at, more]) => (text: string) => {
      const offset = Math.floor(at * text.length);
      return text.slice(0, offset) + more + text.slice(offset);
    }),
    fc.tuple(place, place).map(([one, other]) => (text: string) => {
      const lines = text.split("\n");
      const [i, j] = [Math.floor(one * (lines.length - 1)), Math.floor(other * (lines.length - 1))];
      [lines[i], lines[j]] = [lines[j] ?? "", lines[i] ?? ""];
      return lines.join("\n");
    }),
  );
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...ORIGINALS), edit, async ({ name, text }, change) => {
      writeFileSync(path.join(folder, name), change(text));
      const result = await readSecrets(folder, [name], identities);
      const said = JSON.stringify(result);
      assert.ok(!said.includes(secretKey), "the key shows");
      if (!result.ok) {
        assert.ok(result.failure.reason === "secret-unreadable" && result.failure.file === name, said);
        return;
      }
      // Values whose rules leave them in the clear are under the MAC as well, unless the file says otherwise.
      const same = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
      if (name !== "regex.sops.yaml")
        assert.deepEqual(sorted(same(result.value)), sorted(JSON.parse(before.get(name) ?? "")));
    }),
    fuzzing(0.5),
  );
});

const sorted = (value: unknown): unknown =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.fromEntries(
        Object.entries(value)
          .map(([key, inner]) => [key, sorted(inner)] as const)
          .sort(([a], [b]) => (a < b ? -1 : 1)),
      )
    : value;

test("a .sops.yaml of any content gives a rule, or says what is wrong", async t => {
  const folder = temporaryFolder(t);
  const words = [
    "creation_rules",
    "path_regex",
    "age",
    "age1x",
    "key_groups",
    "stores",
    ".*",
    "(",
    "(a+)+$",
    "[",
    "*a",
  ];
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        yamlText(words),
        objectWith(words).map(value => JSON.stringify(value) ?? ""),
      ),
      async text => {
        writeFileSync(path.join(folder, ".sops.yaml"), text);
        await creationRule(path.join(folder, "secrets", "x.sops.yaml"), []);
      },
    ),
    fuzzing(),
  );
});
