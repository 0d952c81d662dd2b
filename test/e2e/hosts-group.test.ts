/** Groups on a real host. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { noHosts, startHost, type LoneHost } from "../support/hosts/hosts.ts";
import { openDesk, type Desk, type Resources } from "../support/hosts/resources.ts";

let host: LoneHost;
let desk: Desk;
let groups: Resources;

before(async () => {
  if (noHosts) return;
  host = await startHost();
  desk = await openDesk();
  groups = desk.on(host.connection, "Group");
});
after(async () => {
  await desk?.close();
  await host?.stop();
});

const skip = noHosts;
const entry = (name: string): Promise<string> => host.run(`getent group ${name} || echo none`);

test("a group is made, read back equal, changed and removed", { skip }, async () => {
  const made = await groups.create({ name: "app", gid: 4321 });
  assert.equal(await entry("app"), "app:x:4321:\n");
  assert.deepEqual(await groups.read(made), made);
  const changed = await groups.update(made, { name: "app", gid: 4322 });
  assert.equal(await entry("app"), "app:x:4322:\n");
  await groups.delete(changed);
  assert.equal(await entry("app"), "none\n");
  await groups.delete(changed);
});

test("one that gets the next free number keeps it", { skip }, async () => {
  const made = await groups.create({ name: "free", system: true });
  const gid = Number((await entry("free")).split(":")[2]);
  assert.ok(gid > 0 && gid < 1000);
  assert.equal(made.state["gid"], gid);
  assert.deepEqual(await groups.read(made), made);
});

test("what somebody changed by hand is seen and put back", { skip }, async () => {
  const made = await groups.create({ name: "drifting", gid: 4400 });
  await host.run("groupmod -g 4401 drifting");
  assert.deepEqual(await groups.drift(made), ["gid"]);
  await groups.repair(made);
  assert.equal(await entry("drifting"), "drifting:x:4400:\n");
  await host.run("groupdel drifting");
  assert.equal(await groups.read(made), undefined);
  await groups.repair(made);
  assert.equal(await entry("drifting"), "drifting:x:4400:\n");
});

test("a group that is there is taken over with its members, and imported", { skip }, async () => {
  await host.run("groupadd -g 4500 theirs && gpasswd -a guest theirs");
  await groups.create({ name: "theirs", gid: 4500 });
  assert.equal(await entry("theirs"), "theirs:x:4500:guest\n");
  const imported = await groups.import("theirs");
  assert.deepEqual([imported?.id, imported?.inputs["gid"]], ["theirs", 4500]);
  assert.equal(await groups.import("nobody-has-this"), undefined);
});

test("a mistake is told by its property", { skip }, async () => {
  assert.match((await groups.flaws({ name: "a b" })).join("\n"), /^name must be a name/);
});
