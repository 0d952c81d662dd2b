/** Hosts that go away in the middle of an up: with the real engine and CLI. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { RunRecord } from "../../src/engine/ports/records.ts";
import { until } from "../support/daemon-stage.ts";
import { openStage } from "../support/holdfast.ts";
import { all, clear, FLEET, fleet, GATE, holds } from "../support/hosts/fleet.ts";
import { noHosts, startHosts, type Host, type Hosts } from "../support/hosts/hosts.ts";

let hosts: Hosts;
before(async () => {
  if (!noHosts) hosts = await startHosts(["frodo", "camelot"]);
});
after(() => hosts?.stop());
const skip = noHosts;

/** The file before it is there, its own is on its way, and waits. */
const atTheGate = (host: Host, generation: string): Promise<boolean> =>
  until(`${host.name} is in the middle`, async () => {
    const left = await host.run("cd /srv/fleet; cat first; ls .holdfast-* 2>/dev/null || :");
    return left.startsWith(`${generation}.holdfast-`);
  });
const said = (run: RunRecord): string => JSON.stringify(run.failure);

test("hosts that go away in the middle of an up", { skip }, async t => {
  const [frodo, camelot] = [hosts.host("frodo"), hosts.host("camelot")];
  const stage = await openStage(t, { files: () => fleet([frodo, camelot], "one") });
  t.after(() => Promise.all([frodo, camelot].map(clear)));
  const made = await stage.sync(FLEET);
  assert.equal(made.outcome, "converged", said(made));

  /** Brings trouble while frodo's file waits; answers the run that met it. */
  async function inTheMiddle(generation: string, trouble: () => Promise<void>): Promise<RunRecord> {
    await frodo.run(`touch ${GATE}`);
    stage.commit(fleet([frodo, camelot], generation));
    const running = stage.sync(FLEET);
    await atTheGate(frodo, generation);
    await trouble();
    const run = await running;
    assert.equal(await holds(camelot), all(generation), `the other host goes on: ${said(run)}`);
    return run;
  }

  async function convergesTo(generation: string): Promise<void> {
    // What a step left that was cut off is removed once it is certain that nobody works on it.
    await frodo.run("find /srv/fleet -name '.holdfast-*' -exec touch -h -d '1 hour ago' {} +");
    const run = await stage.sync(FLEET);
    assert.equal(run.outcome, "converged", said(run));
    assert.deepEqual([await holds(frodo), await holds(camelot)], [all(generation), all(generation)]);
    assert.equal(await frodo.run("ls -A /srv/fleet"), "first\ngated\nlast\n", "nothing is left over");
    assert.equal((await stage.check(FLEET)).outcome, "unchanged");
  }

  await t.test("a power cut leaves the former file, and the next run converges", async () => {
    const run = await inTheMiddle("two", () => frodo.powerCut());
    assert.equal(run.outcome, "failed");
    await frodo.start();
    assert.equal(await holds(frodo), "two one one");
    await frodo.run(`rm ${GATE}`);
    await convergesTo("two");
  });

  await t.test("so does a reboot", async () => {
    const run = await inTheMiddle("three", () => frodo.reboot());
    assert.equal(run.outcome, "failed");
    assert.equal(await holds(frodo), "three two two");
    await frodo.run(`rm ${GATE}`);
    await convergesTo("three");
  });

  await t.test("a cable that is pulled is found out by the silence", async () => {
    const run = await inTheMiddle("four", () => frodo.unplug());
    assert.equal(run.outcome, "failed");
    // Not by the deadline of the step, which may be long.
    assert.match(said(run), /the connection was lost/);
    await frodo.run(`rm ${GATE}`);
    await frodo.plug();
    await convergesTo("four");
  });
});
