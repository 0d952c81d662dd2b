/** A real process, as our own user. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { startProgramProcess } from "../../../src/program/program-process.ts";
import { tempFolder } from "../../support/git.ts";

const holdfast = path.resolve(import.meta.dirname, "../../..");
const sdk = path.join(holdfast, "node_modules", "@pulumi", "pulumi");

test("a run that comes during a rehearsal waits for its end, and is the last thing", async t => {
  const folder = tempFolder(t, "holdfast-process-");
  writeFileSync(path.join(folder, "package.json"), "{}");
  writeFileSync(path.join(folder, "index.js"), "");
  const env = { PATH: process.env["PATH"] ?? "" };
  const started = startProgramProcess({ sdk, holdfast, cache: path.join(folder, "cache"), env });
  t.after(() => started.stop());
  const order: string[] = [];
  assert.equal(await started.rehearse(), true);
  const rehearsal = started.rehearse().then(more => order.push(`rehearsed, ${more}`));
  // Nobody listens there: it ends at once, with an error.
  const nobody = ["--monitor", "127.0.0.1:1", "--engine", "127.0.0.1:1"];
  const args = [...nobody, "--project", "p", "--stack", "s", "--parallel", "1", "--dry-run", folder];
  const message = { sdk, pwd: folder, env: {}, args, typescript: false, debug: false };
  const end = await started.run(message, () => undefined);
  order.push("ran");
  await rehearsal;
  assert.deepEqual(order, ["rehearsed, true", "ran"]);
  assert.ok(end.code !== 0 && end.startError === undefined, JSON.stringify(end));
  assert.equal(await started.rehearse(), false);
});
