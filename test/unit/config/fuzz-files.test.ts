/** holdfast.yaml and Pulumi.yaml of any content: never an exception, always a place, in bounded time. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { createEstateReader } from "../../../src/config/estate-reader.ts";
import { parseYaml } from "../../../src/config/yaml-document.ts";
import { bounded, fuzzing, objectWith, yamlText } from "../../support/fuzz.ts";
import { tempFolder } from "../../support/git.ts";

const SETTINGS = [
  ...[
    "stacks",
    "*",
    "a/*",
    "a/dev",
    "organization",
    "organizationAliases",
    "allowScripts",
    "interval",
    "30s",
  ],
  ...["drift", "every", "action", "notify", "probe", "dependsOn", "secrets", "../x.sops.yaml", "env", "PATH"],
  ...[
    "approval",
    "required",
    "limits",
    "deletes",
    "percent",
    "protect",
    "windows",
    "allow",
    "zone",
    "Europe/Berlin",
  ],
  ...[
    "Mon-Fri 08:00-17:00",
    "ignoreDrift",
    "type",
    "path",
    "until",
    "2027-01-01",
    "prune",
    "inputs",
    "timeout",
  ],
  ...["{a,b}/*", "{".repeat(50), "**/*".repeat(20), "(a+)+$", "x".repeat(300), "a\u0000b"],
];
const PROJECT = [
  ...[
    "name",
    "runtime",
    "nodejs",
    "main",
    "stackConfigDir",
    "config",
    "../..",
    "/etc",
    "a\u0000b",
    "x".repeat(5000),
  ],
  ...["options", "backend", "url", "plugins", "description", "..", "."],
];

test("a YAML file of any content is a value, or problems in few words, each with its place", () => {
  fc.assert(
    fc.property(yamlText([...SETTINGS, ...PROJECT]), text => {
      const parsed = bounded(() => parseYaml("holdfast.yaml", text));
      if (!("problems" in parsed)) {
        assert.ok(parsed.place(["stacks", "*", 0, "x"]).file === "holdfast.yaml");
        return;
      }
      assert.ok(parsed.problems.length > 0 && parsed.problems.length <= 20);
      for (const { message, place } of parsed.problems) {
        assert.equal(place?.file, "holdfast.yaml");
        assert.ok(message.length > 0 && message.length < 2000, message);
      }
    }),
    fuzzing(),
  );
});

const written = (words: readonly string[]): fc.Arbitrary<string> =>
  fc.oneof(
    yamlText(words),
    objectWith(words).map(value => JSON.stringify(value) ?? ""),
  );
const project = fc.oneof(
  { weight: 3, arbitrary: fc.constant("name: a\nruntime: nodejs\n") },
  { weight: 2, arbitrary: written(PROJECT) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(
        fc.constantFrom("main", "stackConfigDir", "config"),
        fc.oneof(fc.constantFrom(...PROJECT), fc.string()),
      )
      .map(([key, value]) => `name: a\nruntime: nodejs\n${key}: ${JSON.stringify(value)}\n`),
  },
);
const stacks = fc.dictionary(fc.constantFrom("*", "a/*", "a/dev"), objectWith(SETTINGS), { maxKeys: 3 });
const holdfast = fc.oneof(
  { weight: 2, arbitrary: written(SETTINGS) },
  { weight: 3, arbitrary: stacks.map(value => JSON.stringify({ stacks: value })) },
);

test("an estate of any two files is read or refused as a whole, and every problem names its file", async t => {
  const root = tempFolder(t);
  mkdirSync(path.join(root, "a"));
  writeFileSync(path.join(root, "a", "Pulumi.dev.yaml"), "");
  const reader = createEstateReader();
  await fc.assert(
    fc.asyncProperty(holdfast, project, async (settings, projectFile) => {
      writeFileSync(path.join(root, "holdfast.yaml"), settings);
      writeFileSync(path.join(root, "a", "Pulumi.yaml"), projectFile);
      const result = await reader.read(root);
      if (result.ok) {
        for (const { name, folder } of result.value.stacks) {
          assert.match(name, /^[A-Za-z0-9_.-]{1,100}\/[A-Za-z0-9_.-]{1,100}$/);
          assert.equal(folder, "a");
        }
        return;
      }
      assert.ok(result.failure.reason === "config-invalid" || result.failure.reason === "dependency-cycle");
      if (result.failure.reason === "config-invalid")
        for (const { place } of result.failure.problems)
          assert.ok(["holdfast.yaml", "a/Pulumi.yaml"].includes(place?.file ?? ""), JSON.stringify(place));
    }),
    fuzzing(),
  );
});
