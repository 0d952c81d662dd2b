import assert from "node:assert/strict";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { openOperationFolder, removeOldOperations } from "../../../src/pulumi/home.ts";
import { tempFolder } from "../../support/git.ts";

test("folders of operations that nobody has go, with what an old CLI left there; others stay", async t => {
  const runDir = tempFolder(t);
  const { folder, credentials } = await openOperationFolder(runDir);
  assert.equal(path.dirname(folder), runDir);
  writeFileSync(path.join(credentials, "credentials.json"), "{}");
  mkdirSync(path.join(runDir, "boxes"));
  await removeOldOperations(runDir);
  assert.deepEqual(readdirSync(runDir), ["boxes"]);
});
