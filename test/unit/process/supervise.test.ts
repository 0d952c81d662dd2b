import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { supervise, type Supervised } from "../../../src/process/supervise.ts";
import { tempFolder } from "../../support/git.ts";

interface Helper {
  readonly kept: Supervised;
  readonly deaths: string[];
  /** One line for each start. */
  readonly starts: () => number;
}

/** A helper that notes each start; `more` is what it does then. */
function keep(t: TestContext, more: string, startMs = 20_000): Helper {
  const folder = tempFolder(t);
  const [entry, log] = [path.join(folder, "helper.mjs"), path.join(folder, "starts")];
  writeFileSync(
    entry,
    `import { appendFileSync } from "node:fs";
appendFileSync(${JSON.stringify(log)}, "started\\n");
process.once("disconnect", () => process.exit());
${more}`,
  );
  const deaths: string[] = [];
  const kept = supervise({ entry, args: [], env: {}, startMs, onDeath: how => void deaths.push(how) });
  kept.ready.catch(() => undefined);
  t.after(() => kept.stop());
  return {
    kept,
    deaths,
    starts: () => (existsSync(log) ? readFileSync(log, "utf8").split("\n").length - 1 : 0),
  };
}

async function until(look: () => boolean): Promise<void> {
  while (!look()) await new Promise(resolve => setTimeout(resolve, 5));
}

test("a helper that dies is started again, each time, and is not said to live in between", async t => {
  const { kept, deaths, starts } = keep(t, "process.send({ port: 7 });");
  assert.deepEqual(await kept.ready, { port: 7 });
  for (let death = 1; death <= 3; death++) {
    await until(() => starts() === death && kept.pid() !== undefined);
    process.kill(kept.pid() ?? 0, "SIGKILL");
    await until(() => kept.pid() === undefined);
    assert.equal(deaths.length, death);
  }
  await until(() => starts() === 4);
  assert.deepEqual(new Set(deaths), new Set(["killed by SIGKILL"]));
});

test("a helper that cannot start says so to whoever waits for it, and is ended for good when stopped", async t => {
  const { kept, starts, deaths } = keep(t, "process.exit(98);");
  await assert.rejects(kept.ready, /ended before it was ready: exit 98/);
  await kept.stop();
  const before = starts();
  assert.equal(kept.pid(), undefined);
  await new Promise(resolve => setImmediate(resolve));
  assert.deepEqual([starts(), deaths.length >= 1], [before, true]);
});

test("a helper that does not become ready in its time is ended", async t => {
  const { kept } = keep(t, "setInterval(() => undefined, 1000);", 200);
  await assert.rejects(kept.ready, /killed by SIGKILL/);
});

test("a helper that does not listen to SIGTERM is ended all the same", async t => {
  const { kept } = keep(
    t,
    'process.on("SIGTERM", () => undefined); process.send("ready"); setInterval(() => undefined, 1000);',
  );
  await kept.ready;
  const pid = kept.pid() ?? 0;
  await kept.stop();
  assert.throws(() => process.kill(pid, 0), { code: "ESRCH" });
});
