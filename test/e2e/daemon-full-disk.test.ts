/** A data folder whose disk is full, or read-only: said in words; the daemon lives, and goes on when there is room. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import test from "node:test";
import {
  filesOf,
  generations,
  inTheMiddle,
  makeStage,
  until,
  type Json,
  type Stage,
} from "../support/daemon-stage.ts";
import { smallDisk } from "../support/small-disk.ts";

/** Room for a small stack's data, and soon filled. */
const SIZE = "48m";

function fill(file: string): void {
  for (const block of [1024 * 1024, 4096, 1]) {
    try {
      for (;;) writeFileSync(file, Buffer.alloc(block), { flag: "a" });
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, "ENOSPC");
    }
  }
}

const whole = (stage: Stage, newest: number): Promise<boolean> =>
  until(`generation ${newest} is there`, () => filesOf(newest).every(name => stage.files().includes(name)));

test("a full disk stops runs before they begin, says so, and the daemon goes on when there is room again", async t => {
  const stage = makeStage(t, { files: place => generations(place, 1) });
  const data = smallDisk(t, SIZE);
  if (data === undefined) return t.skip("mounting needs root");
  const env = { HOLDFAST_DATA: data };
  [1, 2].forEach(generation => stage.openGate(generation));
  const daemon = await stage.serve([], { env });
  await whole(stage, 1);
  await until("its run has ended", () => /app\/prod converged/.test(daemon.stderr()));
  const filling = path.join(data, "filling");
  fill(filling);
  stage.repository.commit("second", generations(stage, 2));
  await until("it says why", () => /is nearly full/.test(daemon.stderr()));
  const asked = await stage.run(["sync"], { env });
  assert.equal(asked.code, 3, asked.stderr);
  assert.match(asked.stderr, /Nothing is run: the disk of \S+ is nearly full/);
  const status = await stage.run(["status"], { env });
  assert.match(status.stdout, /Nothing is run: the disk/);
  assert.equal((await fetch(`${daemon.url}/healthz`)).status > 0, true, "it lives");
  rmSync(filling);
  await whole(stage, 2);
  daemon.kill("SIGTERM");
  assert.equal((await daemon.ended).code, 0, daemon.stderr());
  assert.doesNotMatch(daemon.stderr(), /a bug in holdfast/);
});

test("a disk that fills up in the middle of a run is what the run failed of, and the run goes on when there is room", async t => {
  const stage = makeStage(t, { files: place => generations(place, 1) });
  const data = smallDisk(t, SIZE);
  if (data === undefined) return t.skip("mounting needs root");
  const env = { HOLDFAST_DATA: data };
  const daemon = await stage.serve([], { env });
  await inTheMiddle(stage, 1);
  const filling = path.join(data, "filling");
  fill(filling);
  stage.openGate(1);
  // Not before the run has failed of it: only its end cannot be written.
  await until("the run is over", () => /app\/prod: run \S+ could not be recorded/.test(daemon.stderr()));
  for (const command of [["token", "create", "ada"], ["backup"], ["keys", "rotate"]]) {
    const { code, stderr } = await stage.run(command, { env });
    assert.equal(code, 1, stderr);
    assert.match(stderr, /^holdfast: The disk of \S+ is full: 0 bytes are free\n/);
  }
  rmSync(filling);
  await whole(stage, 1);
  await until("it is deployed", () => /app\/prod converged/.test(daemon.stderr()));
  const history = JSON.parse((await stage.run(["history", "--json"], { env })).stdout) as Json;
  const ends = [...(history["runs"] ?? [])].map(run => [run["outcome"], run["failure"]?.["reason"]]);
  assert.deepEqual(ends.at(-1), ["failed", "disk"], JSON.stringify(ends));
  assert.deepEqual(ends[0], ["converged", undefined]);
  assert.match(daemon.stderr(), /app\/prod failed[^\n]*The disk of \S+ (is|was) full/);
  daemon.kill("SIGTERM");
  assert.equal((await daemon.ended).code, 0, daemon.stderr());
  assert.doesNotMatch(daemon.stderr(), /[Aa] bug in holdfast|internal-error|\n\s+at /);

  await t.test("no command that starts on it calls that a bug", async () => {
    fill(filling);
    for (const command of [["status"], ["sync"], ["backup"], ["serve"]]) {
      const { code, stderr } = await stage.run(command, { env });
      assert.equal(code, 1, `${command.join()}: ${stderr}`);
      assert.match(stderr, /^holdfast: The disk of \S+ is full: 0 bytes are free\n/);
    }
    rmSync(filling);
  });
});

test("a read-only data folder is refused in words", async t => {
  const stage = makeStage(t, { files: place => generations(place, 1) });
  const data = smallDisk(t, SIZE);
  if (data === undefined) return t.skip("mounting needs root");
  const env = { HOLDFAST_DATA: data };
  execFileSync("mount", ["-o", "remount,ro", data]);
  for (const verb of ["sync", "status", "serve"]) {
    const { code, stderr } = await stage.run([verb], { env });
    assert.equal(code, 1, stderr);
    assert.match(stderr, /read-only/);
    assert.doesNotMatch(stderr, /\n\s+at /);
  }
});
