/** Packages on a real host where somebody or something comes in between: locks, failures, kills, power and connections. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { offerDebs, stateOf, useDebs, type Deb } from "../support/hosts/debs.ts";
import { noHosts, startHost, type LoneHost } from "../support/hosts/hosts.ts";
import { openDesk, type Desk, type Resources } from "../support/hosts/resources.ts";

let host: LoneHost;
let desk: Desk;
let packages: Resources;
const real = { skip: noHosts, timeout: 180_000 };

before(async () => {
  if (noHosts) return;
  host = await startHost();
  desk = await openDesk();
  packages = desk.on(host.connection, "Package");
  await useDebs(host);
});
after(async () => {
  await desk?.close();
  await host?.stop();
});

const run = (script: string, input?: string): Promise<string> => host.run(script, input);
const offer = (...debs: readonly Deb[]): Promise<void> => offerDebs(host, ...debs);
const dpkg = (name: string): Promise<string> => stateOf(host, name);

/** Holds dpkg's lock until the file /run/let-go is there. */
const HOLDER = `import fcntl, os, time
f = open("/var/lib/dpkg/lock-frontend", "w")
fcntl.lockf(f, fcntl.LOCK_EX)
open("/run/holding", "w").close()
while not os.path.exists("/run/let-go"): time.sleep(0.02)`;

async function holdLock(): Promise<void> {
  await run("rm -f /run/let-go /run/holding; cat >/run/holder.py", HOLDER);
  await run(
    "systemd-run --quiet --collect python3 /run/holder.py; until [ -e /run/holding ]; do sleep 0.02; done",
  );
}

test(
  "somebody else who works with packages is waited for, and named when that takes too long",
  real,
  async () => {
    await offer({ name: "hf-locked", version: "1.0" });
    await holdLock();
    await assert.rejects(
      packages.create({ name: "hf-locked", lockWait: 1 }),
      /held by process \d+[^]*somebody else works with packages on this host, and was waited for 1 s/,
    );
    const waiting = packages.create({ name: "hf-locked" });
    await run("until grep -qs 'Could not get lock' /run/holdfast/apt-log-* /tmp/tmp.*; do sleep 0.02; done");
    assert.equal(await dpkg("hf-locked"), "");
    await run("touch /run/let-go");
    await waiting;
    assert.equal(await dpkg("hf-locked"), "1.0 installed");
  },
);

test("a package whose own script fails says so, and is set up once the cause is gone", real, async () => {
  const name = "hf-broken";
  await offer({
    name,
    version: "1.0",
    postinst: "[ -e /run/fixed ] || { echo the cause is missing >&2; exit 1; }",
  });
  await assert.rejects(packages.create({ name }), /the cause is missing[^]*E: Sub-process/);
  assert.equal(await dpkg(name), "1.0 half-configured");
  await run("touch /run/fixed");
  const made = await packages.create({ name });
  assert.equal(await dpkg(name), "1.0 installed");
  await packages.delete(made);
});

const SLOW = "touch /run/unpacked; until [ -e /run/go-on ]; do sleep 0.02; done";
const UNTIL_UNPACKED = "until [ -e /run/unpacked ]; do sleep 0.02; done";

test("an apt that was killed in the middle is brought to its end", real, async () => {
  const name = "hf-killed";
  await run("rm -f /run/unpacked /run/go-on");
  await offer({ name, version: "1.0", postinst: SLOW }, { name: "hf-after", version: "1.0" });
  await run(`systemd-run --quiet --collect --unit=cut-off apt-get -qy install ${name}; ${UNTIL_UNPACKED}`);
  await run("systemctl kill -s KILL cut-off; while systemctl is-active -q cut-off; do sleep 0.02; done");
  assert.match(await dpkg(name), /half-configured|unpacked/);
  await run("touch /run/go-on");
  await packages.create({ name: "hf-after" });
  assert.deepEqual([await dpkg(name), await dpkg("hf-after")], ["1.0 installed", "1.0 installed"]);
});

test("a package whose unpacking was killed is unpacked anew", real, async () => {
  const name = "hf-torn";
  await run("rm -f /run/unpacked /run/go-on");
  await offer({ name, version: "1.0" }, { name, version: "2.0", preinst: SLOW });
  await packages.create({ name, version: "1.0" });
  await run(`systemd-run --quiet --collect --unit=torn apt-get -qy install ${name}; ${UNTIL_UNPACKED}`);
  await run("systemctl kill -s KILL torn; while systemctl is-active -q torn; do sleep 0.02; done");
  assert.match(await dpkg(name), /half-installed|unpacked/);
  await run("touch /run/go-on");
  await packages.create({ name, version: "2.0" });
  assert.equal(await dpkg(name), "2.0 installed");
});

test("after a power cut in the middle the host gets what it was to get", real, async () => {
  const name = "hf-dark";
  await run("rm -f /run/unpacked /run/go-on");
  await offer({ name, version: "1.0", postinst: SLOW });
  const cut = assert.rejects(packages.create({ name }), /connection|no answer/);
  await run(UNTIL_UNPACKED);
  await host.powerCut();
  await cut;
  await host.start();
  await run("touch /run/go-on");
  const made = await packages.create({ name });
  assert.equal(await dpkg(name), "1.0 installed");
  assert.deepEqual(await packages.read(made), made);
});

test("an installation goes on when the connection is lost in the middle", real, async () => {
  const name = "hf-lonely";
  await run("rm -f /run/unpacked /run/go-on");
  await offer({ name, version: "1.0", postinst: SLOW });
  const cut = assert.rejects(packages.create({ name }), /connection was lost/);
  await run(UNTIL_UNPACKED);
  await run("pkill -KILL -f '^sshd: root@'");
  await cut;
  const again = packages.create({ name });
  await run("touch /run/go-on");
  const made = await again;
  assert.equal(await dpkg(name), "1.0 installed");
  assert.deepEqual(await packages.read(made), made);
});

test("packages that are asked for at once come one after the other", real, async () => {
  const names = ["hf-many-a", "hf-many-b", "hf-many-c", "hf-many-d", "hf-many-e"];
  await offer(...names.map(name => ({ name, version: "1.0" })));
  const made = await Promise.all(names.map(name => packages.create({ name, lockWait: 0 })));
  assert.deepEqual(
    await Promise.all(names.map(dpkg)),
    names.map(() => "1.0 installed"),
  );
  await Promise.all(made.map(one => packages.delete(one)));
  assert.deepEqual(
    await Promise.all(names.map(dpkg)),
    names.map(() => ""),
  );
});
