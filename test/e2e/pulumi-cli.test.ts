/** src/pulumi on the real CLI, with a file backend: what it sees, does, leaves behind, and how it stops. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, test, type TestContext } from "node:test";
import type { StepProgress } from "../../src/engine/ports/pulumi.ts";
import { sessionMembers } from "../../src/process/session.ts";
import type { PulumiOptions } from "../../src/pulumi/create-pulumi.ts";
import { openStage, pulumiBinary, type Stage } from "../support/pulumi/stage.ts";

const started: number[] = [];
const options: Partial<PulumiOptions> = {
  stopMs: { graceful: 20_000, terminate: 5_000 },
  onProcess: ({ pid }) => void started.push(pid),
};

let stage: Stage;
before(async () => (stage = await openStage(options)));
after(() => stage.close());

const thing = (name: string, content = "one"): string =>
  `new Thing("${name}", { path: process.env.TARGET + "/${name}", content: "${content}" });\n`;
const at = (name: string): string => path.join(stage.target, name);

const all = { exclude: [] };

async function up(program: string, on = stage) {
  await on.program(program);
  const applied = await on.pulumi.up(on.context(), await on.worker(), all);
  assert.ok(applied.ok, JSON.stringify(applied));
  return applied.value;
}

const listing = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" }).map(name => {
    const { mtimeMs, size } = statSync(path.join(folder, name));
    return `${name} ${size} ${mtimeMs}`;
  });

test("a stack is planned, made, found changed by hand, taken in and repaired", async () => {
  await stage.program(thing("a") + thing("b"));
  const planned = await stage.pulumi.preview(stage.context(), await stage.worker(), all);
  assert.ok(planned.ok);
  assert.ok(!existsSync(at("a")));
  const progress: StepProgress[] = [];
  const context = stage.context({ onProgress: step => void progress.push(step) });
  const made = await stage.pulumi.up(context, await stage.worker(), all);
  assert.ok(made.ok && made.value.exitCode === 0);
  assert.equal(readFileSync(at("a"), "utf8"), "one");
  assert.ok(progress.some(({ urn, phase }) => urn.endsWith("::a") && phase === "done"));

  rmSync(at("a"));
  writeFileSync(at("b"), "by hand");
  const checked = await stage.pulumi.check(stage.context(), all);
  assert.ok(checked.ok);
  assert.deepEqual(checked.value.drift.map(({ op, name }) => `${op} ${name}`).toSorted(), [
    "delete a",
    "update b",
  ]);
  const targets = checked.value.drift.map(({ urn }) => urn);
  const taken = await stage.pulumi.refresh(stage.context(), { targets });
  assert.ok(taken.ok && taken.value.errors.length === 0);
  await up(thing("a") + thing("b"));
  assert.deepEqual([readFileSync(at("a"), "utf8"), readFileSync(at("b"), "utf8")], ["one", "one"]);
  const again = await stage.pulumi.check(stage.context(), all);
  assert.ok(again.ok && again.value.drift.length === 0);
});

test("what is excluded is neither read nor changed", async () => {
  await up(thing("a") + thing("b"));
  writeFileSync(at("a.unreadable"), "");
  try {
    const exclude = ["urn:pulumi:dev::probe::probe:index:Thing::a"];
    const checked = await stage.pulumi.check(stage.context(), { exclude });
    assert.ok(checked.ok, JSON.stringify(checked));
    await stage.program(thing("a", "two") + thing("b", "two"));
    const planned = await stage.pulumi.preview(stage.context(), await stage.worker(), { exclude });
    assert.ok(planned.ok, JSON.stringify(planned));
    assert.deepEqual(
      planned.value.changes.map(({ name }) => name),
      ["b"],
    );
  } finally {
    rmSync(at("a.unreadable"));
  }
});

test("one creation that fails leaves the others done and is told", async () => {
  const applied = await up(thing("bad", "unmakeable") + thing("good"));
  assert.equal(applied.exitCode, 1);
  assert.match(applied.errors[0]?.message ?? "", /unmakeable/);
  assert.ok(existsSync(at("good")));
});

test("a destroy is shown first, then done, and needs no program", async () => {
  const gone = await openStage(options);
  try {
    await up(thing("a"), gone);
    const planned = await gone.pulumi.destroyPreview(gone.context());
    assert.ok(planned.ok);
    assert.deepEqual(
      planned.value.changes.map(({ op }) => op),
      ["delete", "delete", "delete"],
    );
    const destroyed = await gone.pulumi.destroy(gone.context());
    assert.ok(destroyed.ok && destroyed.value.exitCode === 0);
    assert.deepEqual(readdirSync(gone.target), []);
  } finally {
    await gone.close();
  }
});

test("a data folder with a very long path does as well", async () => {
  const runDir = path.join(path.dirname(stage.target), "long".repeat(40));
  const far = await openStage({ ...options, runDir });
  try {
    const applied = await up(thing("a"), far);
    assert.ok(applied.done.length > 0);
  } finally {
    await far.close();
  }
});

test("nothing is written into the project's folder, and nothing stays of an operation", async () => {
  await stage.program(thing("a"));
  const [before_, home] = [listing(stage.root), path.join(path.dirname(stage.target), "home")];
  await stage.pulumi.preview(stage.context(), await stage.worker(), all);
  await stage.pulumi.check(stage.context(), all);
  await stage.pulumi.up(stage.context(), await stage.worker(), all);
  assert.deepEqual(listing(stage.root), before_);
  assert.deepEqual(readdirSync(path.join(path.dirname(stage.target), "run")), []);
  assert.ok(statSync(path.join(home, "logs")).isFile());
  assert.ok(!existsSync(path.join(home, "credentials.json")));
});

/** A stand-in for the CLI that writes down every address that the real one connects to. */
function tracedCli(log: string): string {
  const file = path.join(path.dirname(stage.target), "traced");
  writeFileSync(
    file,
    `#!/bin/sh\nexec strace -f -qq -o ${log} -e trace=connect,sendto ${pulumiBinary} "$@"\n`,
  );
  chmodSync(file, 0o755);
  return file;
}

const straceWorks = (): boolean => {
  try {
    execFileSync("strace", ["-qq", "true"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
};

test("no operation asks an address outside of this machine", async (t: TestContext) => {
  if (!straceWorks()) return t.skip("strace is not there or may not trace");
  const log = path.join(path.dirname(stage.target), "trace.log");
  const traced = await openStage({ ...options, binary: tracedCli(log) });
  try {
    await up(thing("a"), traced);
    for (const look of [
      async () => traced.pulumi.preview(traced.context(), await traced.worker(), all),
      async () => traced.pulumi.check(traced.context(), all),
    ])
      assert.ok((await look()).ok);
    const addresses = readFileSync(log, "utf8").match(/sa_family=AF_INET6?,[^}]*/g) ?? [];
    assert.ok(addresses.length > 0, "the trace holds nothing: it cannot tell");
    assert.deepEqual(
      addresses.filter(address => !/127\.0\.0\.1|"::1"/.test(address)),
      [],
    );
  } finally {
    await traced.close();
  }
});

test("a stop lets the step under way finish and the state knows its result", async () => {
  const stop = new AbortController();
  await stage.program(thing("slow", "slow") + thing("a"));
  const context = stage.context({
    signal: stop.signal,
    onProgress({ urn, phase }) {
      if (!urn.endsWith("::slow") || phase !== "begin") return;
      stop.abort();
      writeFileSync(at("slow.go"), "");
    },
  });
  const stopped = await stage.pulumi.up(context, await stage.worker(), all);
  rmSync(at("slow.go"));
  assert.ok(existsSync(at("slow")));
  if (!stopped.ok) assert.equal(stopped.failure.reason, "shutting-down");
  rmSync(at("slow"));
  const checked = await stage.pulumi.check(stage.context(), all);
  assert.ok(checked.ok, JSON.stringify(checked));
  assert.ok(checked.value.drift.some(({ op, name }) => op === "delete" && name === "slow"));
});

test("a step that never ends is cut at the deadline, and no process is left", async () => {
  const hasty = await openStage({ ...options, stopMs: { graceful: 100, terminate: 100 } });
  try {
    await hasty.program(thing("never", "slow"));
    const cut = await hasty.pulumi.up(hasty.context({ deadlineMs: 2000 }), await hasty.worker(), all);
    assert.ok(!cut.ok && cut.failure.reason === "timed-out");
    assert.deepEqual(sessionMembers(started.at(-1) ?? 0), []);
  } finally {
    await hasty.close();
  }
});

test("a CLI that is killed is told as a process that died", async () => {
  await stage.program(thing("b") + thing("killed", "slow"));
  const context = stage.context({
    onProgress({ urn, phase }) {
      if (urn.endsWith("::killed") && phase === "begin") process.kill(started.at(-1) ?? 0, "SIGKILL");
    },
  });
  const died = await stage.pulumi.up(context, await stage.worker(), all);
  writeFileSync(at("killed.go"), "");
  assert.ok(!died.ok && died.failure.reason === "process-died");
});

test("an operation that was aborted before it began does nothing", async () => {
  const worker = await stage.worker();
  const never = await stage.pulumi.up(stage.context({ signal: AbortSignal.abort() }), worker, all);
  assert.ok(!never.ok && never.failure.reason === "shutting-down");
});

test("a CLI that is not there is told, and the next operation is not harmed", async () => {
  const without = await openStage({ binary: "/nowhere/pulumi" });
  try {
    const failed = await without.pulumi.check(without.context(), all);
    assert.ok(!failed.ok && failed.failure.reason === "process-died");
    assert.match(failed.failure.reason === "process-died" ? failed.failure.how : "", /ENOENT/);
  } finally {
    await without.close();
  }
});
