/** One program for several hosts, one of which is down: the others go on, and it converges when it is back. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { RunRecord } from "../../src/engine/ports/records.ts";
import { until } from "../support/daemon-stage.ts";
import { openStage, type Stage } from "../support/holdfast.ts";
import { all, clear, FLEET, fleet, holds } from "../support/hosts/fleet.ts";
import { noHosts, startHosts, type Host, type Hosts } from "../support/hosts/hosts.ts";

let hosts: Hosts;
before(async () => {
  if (!noHosts) hosts = await startHosts(["frodo", "camelot", "rivendell"]);
});
after(() => hosts?.stop());
const skip = noHosts;

const said = (run: RunRecord): string => JSON.stringify(run.failure);
const unknownIn = async (stage: Stage): Promise<readonly string[]> =>
  (await stage.status(FLEET)).unknown.map(({ urn }) => urn.split("::").at(-1) ?? "").toSorted();
const filesOf = (host: Host): readonly string[] =>
  ["first", "gated", "last"].map(file => `${host.name}-${file}`);
const everywhere = (of: readonly Host[]): Promise<readonly string[]> => Promise.all(of.map(holds));

test("one host of three is down", { skip }, async t => {
  const three = hosts.all;
  const rivendell = hosts.host("rivendell");
  const others = three.filter(host => host !== rivendell);
  const stage = await openStage(t, { files: () => fleet(three, "one") });
  t.after(() => Promise.all(three.map(clear)));
  const made = await stage.sync(FLEET);
  assert.equal(made.outcome, "converged", said(made));
  await rivendell.powerCut();

  await t.test("its resources are unknown, and the others get what is new", async () => {
    stage.commit(fleet(three, "two"));
    const run = await stage.sync(FLEET);
    assert.equal(run.failure?.reason, "host-unreachable", said(run));
    assert.deepEqual(await everywhere(others), [all("two"), all("two")]);
    assert.deepEqual(await unknownIn(stage), filesOf(rivendell));
    assert.ok((await stage.status(FLEET)).retryAt, "it is tried again");
  });

  await t.test("what somebody changes on the others is found and put back meanwhile", async () => {
    await others[0]?.run("echo by hand >/srv/fleet/first");
    assert.equal((await stage.check(FLEET)).outcome, "drifted");
    await stage.sync(FLEET);
    assert.deepEqual(await everywhere(others), [all("two"), all("two")]);
  });

  await t.test("a program without it deletes nothing that is unknown", async () => {
    stage.commit(fleet(others, "three"));
    const run = await stage.sync(FLEET);
    assert.deepEqual(await everywhere(others), [all("three"), all("three")], said(run));
    assert.deepEqual(await unknownIn(stage), filesOf(rivendell));
    const names = await stage.resources(FLEET);
    assert.ok(
      filesOf(rivendell).every(name => names.includes(name)),
      names.join(" "),
    );
  });

  await t.test("once it is back it converges by itself", async () => {
    stage.commit(fleet(three, "four"));
    await stage.reopen({ automatic: true });
    await until("the others have it", async () =>
      (await everywhere(others)).every(one => one === all("four")),
    );
    await rivendell.start();
    assert.equal(await holds(rivendell), all("one"));
    await until("it has what it missed", async () => (await holds(rivendell)) === all("four"));
    await until("nothing is unknown", async () => (await stage.status(FLEET)).unknown.length === 0);
    assert.equal((await stage.status(FLEET)).deployed?.sha, stage.repository.head());
  });
});

test(
  "a host that is down from the first day on is waited for, and the others are made",
  { skip },
  async t => {
    const three = hosts.all;
    const camelot = hosts.host("camelot");
    const others = three.filter(host => host !== camelot);
    await camelot.powerCut();
    const stage = await openStage(t, { files: () => fleet(three, "one") });
    t.after(() => Promise.all(three.map(clear)));
    const run = await stage.sync(FLEET);
    assert.deepEqual(await everywhere(others), [all("one"), all("one")], said(run));
    assert.equal(run.failure?.reason, "host-unreachable", said(run));
    assert.ok((await stage.status(FLEET)).retryAt, "it is tried again");
    await camelot.start();
    const again = await stage.sync(FLEET);
    assert.equal(again.outcome, "converged", said(again));
    assert.deepEqual(await everywhere(three), [all("one"), all("one"), all("one")]);
  },
);
