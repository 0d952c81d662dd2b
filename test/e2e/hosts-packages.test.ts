/** Packages on a real host, from a repository of tiny ones on that host. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { addDebs, debOf, offerDebs, stateOf, useDebs, type Deb } from "../support/hosts/debs.ts";
import { noHosts, startHost, type LoneHost } from "../support/hosts/hosts.ts";
import { openDesk, type Desk, type Resources } from "../support/hosts/resources.ts";

let host: LoneHost;
let desk: Desk;
let packages: Resources;
/** The slowest waits for a second, and for apt a few times. */
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
const content = (path: string): Promise<string> => run(`cat ${path}`);
const fingerprint = (): Promise<string> =>
  run("stat -c '%y %i' /var/lib/dpkg/status /var/lib/dpkg/available /var/lib/apt/lists; apt-mark showhold");

test(
  "a package is installed, read back equal and removed; looking and ensuring again changes nothing",
  real,
  async () => {
    await offer({ name: "hf-plain", version: "1.0", configuration: "a=1" });
    const made = await packages.create({ name: "hf-plain" });
    assert.equal(await dpkg("hf-plain"), "1.0 installed");
    assert.equal(made.state["version"], "1.0");
    assert.equal(made.inputs["ensure"], "present");
    const before = await fingerprint();
    assert.deepEqual(await packages.read(made), made);
    await packages.repair(made);
    await packages.create({ name: "hf-plain" });
    assert.equal(await fingerprint(), before);
    await packages.delete(made);
    assert.equal(await dpkg("hf-plain"), "1.0 config-files", "its configuration stays");
    assert.equal(await packages.read(made), undefined);
    await packages.delete(made);
    await packages.delete({ ...made, inputs: { ...made.inputs, purge: true } });
    assert.equal(await dpkg("hf-plain"), "", "with purge that goes too");
  },
);

test("an exact version is installed, moved up and down, across an epoch, and put back", real, async () => {
  const name = "hf-exact";
  await offer({ name, version: "1.0-1" }, { name, version: "1:0.5-1" });
  const made = await packages.create({ name, version: "1.0-1" });
  assert.equal(await dpkg(name), "1.0-1 installed");
  await run(`apt-get -qy install ${name} 2>&1`);
  assert.equal((await packages.read(made))?.inputs["version"], "1:0.5-1");
  assert.deepEqual(await packages.drift(made), ["version"]);
  await packages.repair(made);
  assert.equal(await dpkg(name), "1.0-1 installed");
  const raised = await packages.update(made, { name, version: "1:0.5-1" });
  assert.equal(await dpkg(name), "1:0.5-1 installed");
  assert.deepEqual(await packages.read(raised), raised);
  await assert.rejects(
    packages.update(raised, { name, version: "9" }),
    /Version '9' for 'hf-exact' was not found/,
  );
  assert.equal(await dpkg(name), "1:0.5-1 installed");
});

test(
  "the latest is what the host's lists know: older is drift, and newer lists are fetched when it is made",
  real,
  async () => {
    const name = "hf-latest";
    await offer({ name, version: "1.0" });
    const made = await packages.create({ name, ensure: "latest" });
    assert.equal(made.state["version"], "1.0");
    assert.deepEqual(await packages.read(made), made);
    await offer({ name, version: "1.1" });
    assert.deepEqual(await packages.drift(made), ["ensure"]);
    assert.equal((await packages.read(made))?.inputs["ensure"], "1.0, and 1.1 is there");
    const repaired = await packages.repair(made);
    assert.equal(repaired.state["version"], "1.1");
    assert.deepEqual(await packages.drift(repaired), []);
    await addDebs(host, { name: "hf-unlisted", version: "1.0" });
    await packages.create({ name: "hf-unlisted" });
    assert.equal(
      await dpkg("hf-unlisted"),
      "1.0 installed",
      "the lists were renewed for what they did not know",
    );
  },
);

test("a package that somebody removed, purged or broke comes back", real, async () => {
  const name = "hf-gone";
  await offer({ name, version: "1.0", configuration: "a=1" });
  const made = await packages.create({ name });
  for (const how of ["remove", "purge"]) {
    await run(`apt-get -qy ${how} ${name} 2>&1`);
    assert.equal(await packages.read(made), undefined);
    await packages.repair(made);
    assert.equal(await dpkg(name), "1.0 installed");
  }
  await run(`dpkg --unpack /srv/repository/${name}_1.0_all.deb`);
  assert.equal((await packages.read(made))?.inputs["ensure"], "1.0 (unpacked)");
  await packages.repair(made);
  assert.equal(await dpkg(name), "1.0 installed");
});

test(
  "a hold is set, seen to be gone and set again, and the package moves all the same where the program says so",
  real,
  async () => {
    const name = "hf-held";
    await offer({ name, version: "1.0" }, { name, version: "2.0" });
    const made = await packages.create({ name, version: "1.0", held: true });
    assert.equal(await run("apt-mark showhold"), `${name}\n`);
    await run(`apt-mark unhold ${name}`);
    assert.deepEqual(await packages.drift(made), ["held"]);
    await packages.repair(made);
    const moved = await packages.update(made, { name, version: "2.0", held: true });
    assert.equal(await dpkg(name), "2.0 installed");
    assert.equal(await run("apt-mark showhold"), `${name}\n`);
    const freed = await packages.update(moved, { name, version: "2.0", held: false });
    assert.equal(await run("apt-mark showhold"), "");
    await packages.delete(freed);
  },
);

test("what somebody else holds is not changed along with another package", real, async () => {
  await offer(
    { name: "hf-lib", version: "1.0" },
    { name: "hf-needs", version: "1.0", fields: ["Depends: hf-lib (>= 2)"] },
  );
  await run("apt-get -qy install hf-lib 2>&1; apt-mark hold hf-lib");
  await offer({ name: "hf-lib", version: "2.0" });
  await assert.rejects(packages.create({ name: "hf-needs" }), /Depends: hf-lib .*\n.*held broken packages/);
  assert.equal(await dpkg("hf-lib"), "1.0 installed");
  await run("apt-mark unhold hf-lib");
  await packages.create({ name: "hf-needs" });
  assert.equal(await dpkg("hf-lib"), "2.0 installed");
});

test(
  "a package comes from a file, anew where the file changed, and must hold what the program says",
  real,
  async () => {
    const one = { name: "hf-file", version: "1:1.0", content: "one" };
    await addDebs(host, one);
    const first = (await debOf(host, one)).toString("base64");
    const made = await packages.create({ name: one.name, version: one.version, deb: first });
    assert.equal(await content("/usr/share/hf-file/content"), "one");
    assert.match(JSON.stringify(made.state["checksum"]), /^"[0-9a-f]{64}"$/);
    assert.deepEqual(await packages.read(made), made);
    const two = { ...one, content: "two" };
    await addDebs(host, two);
    const second = (await debOf(host, two)).toString("base64");
    const changed = await packages.update(made, { name: one.name, version: one.version, deb: second });
    assert.equal(await content("/usr/share/hf-file/content"), "two");
    await assert.rejects(
      packages.update(changed, { name: one.name, version: "1.0", deb: second }),
      /the file holds hf-file 1:1\.0, and the program says hf-file 1\.0/,
    );
    await run("dpkg --purge hf-file");
    assert.equal(await packages.read(changed), undefined);
    await packages.repair(changed);
    assert.equal(await dpkg("hf-file"), "1:1.0 installed");
    assert.equal(await run("ls /run/holdfast | grep -v apt-lists || :"), "", "nothing is left of the file");
  },
);

test(
  "a configuration file that was changed by hand stays, the package's own lies beside it",
  real,
  async () => {
    const name = "hf-conf";
    await offer({ name, version: "1.0", configuration: "theirs=1" });
    const made = await packages.create({ name, version: "1.0" });
    await run(`echo mine=1 >/etc/${name}.conf`);
    await offer({ name, version: "2.0", configuration: "theirs=2" });
    await packages.update(made, { name, version: "2.0" });
    assert.equal(await content(`/etc/${name}.conf`), "mine=1\n");
    assert.equal(await content(`/etc/${name}.conf.dpkg-dist`), "theirs=2\n");
  },
);

test(
  "what apt would remove besides is refused with its names, unless the program names it",
  real,
  async () => {
    await offer(
      { name: "hf-old", version: "1.0" },
      { name: "hf-new", version: "1.0", fields: ["Conflicts: hf-old"] },
      { name: "hf-base", version: "1.0" },
      { name: "hf-user", version: "1.0", fields: ["Depends: hf-base"] },
    );
    await packages.create({ name: "hf-old" });
    await assert.rejects(packages.create({ name: "hf-new" }), /apt would also remove hf-old; .* mayRemove/);
    assert.equal(await dpkg("hf-old"), "1.0 installed");
    await packages.create({ name: "hf-new", mayRemove: ["hf-old"] });
    assert.deepEqual([await dpkg("hf-new"), await dpkg("hf-old")], ["1.0 installed", ""]);
    const base = await packages.create({ name: "hf-base" });
    await packages.create({ name: "hf-user" });
    await assert.rejects(packages.delete(base), /remove package hf-base: apt would also remove hf-user/);
    assert.equal(await dpkg("hf-base"), "1.0 installed");
    await packages.delete({ ...base, inputs: { ...base.inputs, mayRemove: ["hf-user"] } });
    assert.deepEqual([await dpkg("hf-base"), await dpkg("hf-user")], ["", ""]);
  },
);

test("what the host cannot do without is not removed", real, async () => {
  const bash = await packages.create({ name: "bash" });
  await assert.rejects(packages.delete(bash), /cannot do without it/);
  assert.match(await dpkg("bash"), / installed$/);
});

test("a package is imported by its name", real, async () => {
  await offer({ name: "hf-import", version: "1.0", configuration: "a=1" });
  assert.equal(await packages.import("hf-import"), undefined);
  await run("apt-get -qy install hf-import 2>&1; apt-mark hold hf-import");
  const imported = await packages.import("hf-import");
  assert.equal(imported?.id, "hf-import");
  assert.deepEqual([imported.inputs["ensure"], imported.inputs["held"]], ["present", true]);
  assert.equal(imported.state["version"], "1.0");
  await run("apt-get -qy remove --allow-change-held-packages hf-import 2>&1");
  assert.equal(await packages.import("hf-import"), undefined, "only its configuration is left");
});

test(
  "a package that nobody knows, and one that is only a name for others, are told as that",
  real,
  async () => {
    await offer({ name: "hf-real", version: "1.0", fields: ["Provides: hf-virtual"] });
    await assert.rejects(
      packages.create({ name: "hf-nobody-knows" }),
      /Unable to locate package hf-nobody-knows/,
    );
    await assert.rejects(
      packages.create({ name: "hf-virtual" }),
      /a virtual package cannot be installed by its name/,
    );
  },
);

test("who may not, is told so", real, async () => {
  await offer({ name: "hf-denied", version: "1.0" });
  const guest = desk.on(host.as("guest"), "Package");
  await assert.rejects(guest.create({ name: "hf-denied" }), /Permission denied/);
  const deploy = desk.on({ ...host.as("deploy"), sudo: true }, "Package");
  await deploy.create({ name: "hf-denied" });
  assert.equal(await dpkg("hf-denied"), "1.0 installed");
});

test("a mistake is told by its property", real, async () => {
  const flaws = async (properties: Parameters<Resources["flaws"]>[0]): Promise<string> =>
    (await packages.flaws(properties)).join("\n");
  assert.match(await flaws({ name: "Bad Name" }), /^name must be the name of a Debian package/);
  assert.match(await flaws({ name: "-x" }), /^name /);
  assert.match(
    await flaws({ name: "app", version: "1", ensure: "latest" }),
    /^ensure and version are both given/,
  );
  assert.match(await flaws({ name: "app", deb: "AAAA" }), /^version missing/);
  assert.match(await flaws({ name: "app", ensure: "newest" }), /^ensure must be one of/);
  assert.match(await flaws({ name: "app", mayRemove: ["a", "b c"] }), /^mayRemove\[0\]/);
});
