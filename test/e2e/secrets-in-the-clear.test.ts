/** This repository's own secrets: no file under secrets/ is in the clear. */
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { checkFile } from "../../src/secrets/check.ts";

const folder = path.resolve(import.meta.dirname, "../../secrets");
const none = { keys: [], looked: [], problems: [] };

const files = (): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => !entry.isDirectory() && entry.name !== ".sops.yaml")
    .map(entry => path.join(entry.parentPath, entry.name));

if (existsSync(folder)) {
  test("secrets/ holds secrets files", () => assert.ok(files().length > 0, "secrets/ is empty"));
  for (const file of files())
    test(`nothing in ${path.relative(folder, file)} is in the clear that should not be`, async () => {
      const { ok, why } = await checkFile(file, none);
      assert.ok(ok, why);
    });
} else
  test("this repository has no secrets/ folder", () => {
    assert.equal(existsSync(folder), false);
  });
