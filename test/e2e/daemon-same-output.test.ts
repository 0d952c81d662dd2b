/** Whether a daemon does the work or the command itself: a person sees the same. */
import assert from "node:assert/strict";
import test from "node:test";
import { filesOf, generations, makeStage, until, type Stage } from "../support/daemon-stage.ts";

/** What differs from one moment to the next: ages, durations, ids of runs. */
const timeless = (text: string): string =>
  text
    .replace(/\d{6}-\d{6}-\w{4}/g, "RUN")
    .replace(/\b\d+(\.\d+)?(ms|s|m|h)\b/g, "TIME")
    .replace(/(just now|TIME ago)/g, "AGO")
    .replace(/\d{4}-\d\d-\d\d[T ][\d:.]+Z?/g, "DATE")
    .replace(/http:\/\/127\.0\.0\.1:\d+/g, "URL")
    .replace(/ {2,}/g, "  ");

async function seen(
  stage: Stage,
  words: readonly string[],
): Promise<readonly [number | null, string, string]> {
  const { code, stdout, stderr } = await stage.run(words);
  return [code, timeless(stdout), timeless(stderr)];
}

test("each command shows the same through a daemon as without one", async t => {
  const stage = makeStage(t, { files: place => generations(place, 1) });
  stage.openGate(1);
  const daemon = await stage.serve();
  await until("the first deploy has ended", () => /app\/prod converged/.test(daemon.stderr()));
  assert.deepEqual(stage.files(), filesOf(1));
  const run = String((await stage.json("history"))["runs"]?.[0]?.["id"]);
  const commands: readonly (readonly string[])[] = [
    ["status"],
    ["show", run],
    ["show", "nothing"],
    ["export-state", "app/prod"],
    ["pause", "app/prod", "--why", "a holiday"],
    ["resume", "app/prod"],
    ["approve", run],
    ["plan", "app/prod"],
    ["drift", "app/prod"],
    ["sync", "app/prod"],
    ["sync", "no/such"],
  ];
  const through = [];
  for (const words of commands) through.push(await seen(stage, words));
  daemon.kill("SIGTERM");
  assert.equal((await daemon.ended).code, 0);
  for (const [index, words] of commands.entries())
    assert.deepEqual(await seen(stage, words), through[index], words.join(" "));
});
