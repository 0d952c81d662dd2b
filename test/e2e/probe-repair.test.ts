/** What a probe found is put right without a look at the rest: only what differs is read and changed, and what depends on it. */
import assert from "node:assert/strict";
import { chmodSync, statSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import type { EngineEvent } from "../../src/engine/event.ts";
import { fileProgram, project, settings } from "../support/estate.ts";
import { until } from "../support/daemon-stage.ts";
import { openStage } from "../support/holdfast.ts";

const FILES = { "n/a": "one", "n/b": "one" };
const MORE = `
const site = new pulumi.ComponentResource("test:index:Site", "site");
new File("n/in", { connection, path: "/n/in", content: "one" }, { parent: site });
new File("n/mode", { connection, path: "/n/mode", content: "one", mode: "0644" });
const first = file("n/first", "one", { dependsOn: site });
file("n/second", pulumi.interpolate\`\${first.checksum}\`);
export const checksum = first.checksum;`;

type Ended = Extract<EngineEvent, { type: "run-ended" }>;

test("a repair that a probe asked for", async t => {
  const stage = await openStage(t, {
    automatic: true,
    files: box => ({
      ...settings({ "*": "{ firstApply: allow, interval: 1h, drift: { every: 1h, probe: 1s } }" }),
      ...project("narrow", fileProgram(box, FILES, MORE)),
    }),
  });
  const { box } = stage;
  const ended = (): readonly Ended[] =>
    stage.events.filter((event): event is Ended => event.type === "run-ended");
  await until("it is deployed", () => ended().some(({ run }) => run.outcome === "converged"));

  /** Names of what the next run by the probe refreshes, and its record. */
  async function repaired(change: () => void) {
    const from = stage.events.length;
    const before = ended().length;
    // So that no probe sees half of it.
    await stage.controller().pause("narrow/dev", "a test", "ada");
    change();
    await stage.controller().resume("narrow/dev");
    await until("it is put right", () => ended().length > before);
    const { run } = ended().at(-1) ?? assert.fail();
    assert.deepEqual([run.trigger, run.outcome], ["probe", "converged"], JSON.stringify(run.failure));
    const read = stage.events
      .slice(from)
      .filter(event => event.type === "resource" && event.op === "refresh");
    const names = read.map(event => (event.type === "resource" ? (event.urn.split("::").at(-1) ?? "") : ""));
    return { run, read: new Set(names) };
  }

  await t.test("reads and changes what differs, and nothing else", async () => {
    const { run, read } = await repaired(() => box.write("n/a", "by hand"));
    assert.equal(box.read("n/a"), "one");
    assert.deepEqual(read, new Set(["n/a"]));
    assert.deepEqual(
      run.plan?.drift.map(({ name, paths }) => [name, ...paths.map(({ path }) => path)]),
      [["n/a", "content"]],
    );
    assert.equal(run.timings?.["refresh"], undefined, "one up did it");
    const [record] = await stage.controller().drift({ stack: "narrow/dev" });
    assert.equal(record?.result, "corrected");
  });

  await t.test("is no full look: one is still due every few checks", async () => {
    const status = await stage.status("narrow/dev");
    assert.deepEqual([status.lightChecks, status.drifted, status.failure], [1, false, undefined]);
  });

  await t.test("brings back what is gone, and leaves alone what only follows from it", async () => {
    const following = path.join(box.folder, "n/second");
    const inode = statSync(following).ino;
    const { read } = await repaired(() => box.remove("n/first"));
    assert.equal(box.read("n/first"), "one");
    assert.equal(statSync(following).ino, inode);
    assert.ok(read.has("n/first") && !read.has("n/a") && !read.has("n/in"), [...read].join(", "));
  });

  await t.test("reaches into components, and takes several at once", async () => {
    const mode = path.join(box.folder, "n/mode");
    const { read } = await repaired(() => {
      box.write("n/in", "by hand");
      chmodSync(mode, 0o600);
      box.remove("n/second");
    });
    assert.equal(box.read("n/in"), "one");
    assert.equal(statSync(mode).mode & 0o777, 0o644);
    assert.ok(box.read("n/second"));
    assert.ok(["n/in", "n/mode", "n/second"].every(name => read.has(name)) && !read.has("n/b"));
  });

  await t.test("leaves state and outputs as a full look wants them", async () => {
    const run = await stage.sync("narrow/dev");
    assert.equal(run.outcome, "unchanged", JSON.stringify(run));
    assert.equal((await stage.status("narrow/dev")).lightChecks, 0);
  });
});
