/** What a provider host that was killed in the middle of a write leaves on a target. */
import assert from "node:assert/strict";
import { readdirSync, utimesSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { localMachine } from "../../../../src/providers/connection/local.ts";
import { tempFolder } from "../../../support/git.ts";

test("the next write into the folder removes it, and nothing that is younger or has another name", async t => {
  const folder = tempFolder(t);
  const put = (name: string, old: boolean): void => {
    writeFileSync(path.join(folder, name), "half");
    if (old) utimesSync(path.join(folder, name), 1, 1);
  };
  put(".holdfast-0123456789abcdef", true);
  put(".holdfast-0123456789abcdee", false);
  put(".holdfast-notes", true);
  const wanted = { newMode: 0o644 };
  const signal = new AbortController().signal;
  const written = await localMachine(folder).write("/motd", Buffer.from("hello\n"), wanted, signal);
  assert.equal(written.ok, true);
  assert.deepEqual(readdirSync(folder).sort(), [".holdfast-0123456789abcdee", ".holdfast-notes", "motd"]);
});
