/** Users on a real host. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, before, test } from "node:test";
import { secret, type ValueMap } from "../../src/providers/grpc/value.ts";
import { noHosts, startHost, type LoneHost } from "../support/hosts/hosts.ts";
import { openKeyring, type Keyring } from "../support/hosts/keyring.ts";
import { openDesk, type Desk, type Resources } from "../support/hosts/resources.ts";

let host: LoneHost;
let desk: Desk;
let users: Resources;
let keyring: Keyring;
const real = { skip: noHosts, timeout: 120_000 };

before(async () => {
  if (noHosts) return;
  host = await startHost();
  desk = await openDesk();
  users = desk.on(host.connection, "User");
  keyring = openKeyring(host.connection);
});
after(async () => {
  await desk?.close();
  await host?.stop();
  keyring?.close();
});

const run = (script: string): Promise<string> => host.run(script);
const passwd = async (name: string): Promise<string> =>
  (await run(`getent passwd ${name} || echo none`)).trim();
const groupsOf = async (name: string): Promise<string> => (await run(`id -Gn ${name}`)).trim();
const shadow = async (name: string): Promise<readonly string[]> =>
  (await run(`getent shadow ${name}`)).trim().split(":");
/** Changes with every write to any of them. */
const fingerprint = (): Promise<string> =>
  run("stat -c '%n %y %i' /etc/passwd /etc/shadow /etc/group /etc/gshadow /etc/passwd- /etc/subuid /home");

test(
  "a user is made with everything that is said of it, read back equal, and changes nothing the second time",
  real,
  async () => {
    const wanted = {
      name: "hf-full",
      uid: 4321,
      group: "www-data",
      groups: ["sudo", "adm", "sudo"],
      home: "/srv/hf/full",
      createHome: true,
      shell: "/bin/bash",
      comment: "Jürgen, who does it all",
    };
    const made = await users.create(wanted);
    assert.equal(await passwd("hf-full"), "hf-full:x:4321:33:Jürgen, who does it all:/srv/hf/full:/bin/bash");
    assert.equal(await groupsOf("hf-full"), "www-data adm sudo");
    assert.equal(
      (await run("stat -c '%a %U %G' /srv/hf/full /srv/hf/full/.profile")).trim(),
      "755 hf-full www-data\n644 hf-full www-data",
    );
    assert.deepEqual([made.state["uid"], made.state["gid"], made.state["home"]], [4321, 33, "/srv/hf/full"]);
    assert.deepEqual(made.inputs["groups"], ["adm", "sudo"]);
    const before = await fingerprint();
    assert.deepEqual(await users.read(made), made);
    await users.repair(made);
    await users.create(wanted);
    assert.equal(await fingerprint(), before);
    await users.delete(made);
    assert.equal(await passwd("hf-full"), "none");
    assert.equal((await run("ls -A /srv/hf/full")).includes(".profile"), true, "its home stays");
    assert.notEqual((await run("getent group www-data")).trim(), "");
    await users.delete(made);
  },
);

test("a user of little words gets a number, a group of its own, a home and no password", real, async () => {
  const made = await users.create({ name: "hf-plain", removeHome: true });
  const [, , uid, gid, , home, shell] = (await passwd("hf-plain")).split(":");
  assert.deepEqual(
    [made.state["uid"], made.state["gid"], home, shell],
    [Number(uid), Number(gid), "/home/hf-plain", "/bin/sh"],
  );
  assert.ok(Number(uid) >= 1000);
  assert.equal(await groupsOf("hf-plain"), "hf-plain");
  assert.equal((await shadow("hf-plain"))[1], "!");
  assert.deepEqual(await users.read(made), made);
  await users.delete(made);
  assert.equal(await run("ls -d /home/hf-plain 2>/dev/null; getent group hf-plain || echo gone"), "gone\n");
});

test(
  "a user for services has no home, and joins the group of its name where there is one",
  real,
  async () => {
    await run("groupadd --system hf-service");
    const made = await users.create({ name: "hf-service", system: true, shell: "/usr/sbin/nologin" });
    assert.ok(Number(made.state["uid"]) < 1000);
    assert.equal(await groupsOf("hf-service"), "hf-service");
    assert.equal(await run("ls -d /home/hf-service 2>/dev/null || echo none"), "none\n");
  },
);

test("what somebody changed by hand is seen by its property and put back", real, async () => {
  await run("groupadd hf-one; groupadd hf-two; groupadd hf-other");
  const made = await users.create({
    name: "hf-drift",
    uid: 4400,
    group: "hf-one",
    groups: ["hf-two"],
    home: "/home/hf-drift",
    createHome: true,
    shell: "/bin/bash",
    comment: "as it was",
    locked: false,
  });
  const changes = [
    ["usermod -s /bin/sh hf-drift", "shell", 6, "/bin/bash"],
    ["usermod -c other hf-drift", "comment", 4, "as it was"],
    ["usermod -u 4401 hf-drift", "uid", 2, "4400"],
    ["usermod -d /tmp hf-drift", "home", 5, "/home/hf-drift"],
    ["usermod -g hf-other hf-drift", "group", 0, "hf-drift"],
    ["usermod -G sudo,hf-two hf-drift", "groups", 0, "hf-drift"],
    ["usermod -G '' hf-drift", "groups", 0, "hf-drift"],
    ["usermod -e 2020-01-01 hf-drift", "locked", 0, "hf-drift"],
    ["rm -rf /home/hf-drift", "createHome", 0, "hf-drift"],
  ] as const;
  for (const [script, property, field, value] of changes) {
    await run(script);
    const drift = await users.drift(made);
    assert.deepEqual([...new Set(drift.map(at => at.split("[")[0]))], [property], script);
    const repaired = await users.repair(made);
    assert.deepEqual(await users.drift(repaired), [], script);
    assert.equal((await passwd("hf-drift")).split(":")[field], value, script);
  }
  assert.equal(await groupsOf("hf-drift"), "hf-one hf-two");
  assert.equal(
    (await run("stat -c '%U %a' /home/hf-drift; ls -A /home/hf-drift")).includes("hf-drift 755\n.bash"),
    true,
  );
  await run("userdel hf-drift");
  assert.equal(await users.read(made), undefined);
  await users.repair(made);
  assert.deepEqual(await users.drift(made), []);
});

test("a user that is there keeps what the program does not speak of", real, async () => {
  await run(
    "useradd -m -u 4500 -G adm,sudo -c theirs -s /bin/bash hf-theirs; echo 'hf-theirs:$6$a$b' | chpasswd -e",
  );
  const before = await passwd("hf-theirs");
  const fingerprintBefore = await fingerprint();
  const made = await users.create({ name: "hf-theirs" });
  assert.equal(await fingerprint(), fingerprintBefore);
  await users.update(made, { name: "hf-theirs", shell: "/bin/sh" });
  assert.equal(await passwd("hf-theirs"), before.replace("/bin/bash", "/bin/sh"));
  assert.equal(await groupsOf("hf-theirs"), "hf-theirs adm sudo");
  assert.equal((await shadow("hf-theirs"))[1], "$6$a$b");
});

test(
  "other groups are kept where the program says so, and what it does not name any more goes",
  real,
  async () => {
    await run("groupadd hf-a; groupadd hf-b; groupadd hf-c; useradd -G hf-c hf-member");
    const both = { name: "hf-member", groups: ["hf-a", "hf-b"], keepOtherGroups: true };
    const made = await users.create(both);
    assert.equal(await groupsOf("hf-member"), "hf-member hf-a hf-b hf-c");
    assert.deepEqual(await users.read(made), made);
    await run("gpasswd -d hf-member hf-a");
    assert.deepEqual((await users.read(made))?.inputs["groups"], ["hf-b"]);
    await users.repair(made);
    const fewer = await users.update(made, { ...both, groups: ["hf-b"] });
    assert.equal(await groupsOf("hf-member"), "hf-member hf-b hf-c");
    const exact = await users.update(fewer, { name: "hf-member", groups: [] });
    assert.equal(await groupsOf("hf-member"), "hf-member");
    assert.deepEqual(await users.read(exact), exact);
  },
);

test("a password is set by its hash, told to nobody, and another one is drift", real, async () => {
  const hash = execFileSync("openssl", ["passwd", "-6", "geheim"], { encoding: "utf8" }).trim();
  const made = await users.create({ name: "hf-password", password: secret(hash) });
  assert.equal((await shadow("hf-password"))[1], hash);
  assert.deepEqual(made.inputs["password"], secret(hash));
  assert.deepEqual(await users.read(made), made);
  await run("echo hf-password:other | chpasswd");
  const other = (await shadow("hf-password"))[1] ?? "";
  const seen = await users.read(made);
  assert.deepEqual(seen?.inputs["password"], secret("[another password]"));
  assert.equal(JSON.stringify(seen).includes(other), false);
  await users.repair(made);
  assert.equal((await shadow("hf-password"))[1], hash);
  const none = await users.update(made, { name: "hf-password", password: "!" });
  assert.equal((await shadow("hf-password"))[1], "!");
  assert.deepEqual(await users.drift(none), []);
});

test("a locked user comes in with its key neither, and an unlocked one again", real, async () => {
  const keys = desk.on(host.connection, "AuthorizedKey");
  const { key, file } = keyring.make("locked");
  const made = await users.create({ name: "hf-locked" });
  await keys.create({ user: "hf-locked", key });
  assert.equal(await keyring.letsIn("hf-locked", file), true);
  const locked = await users.update(made, { name: "hf-locked", locked: true });
  assert.equal(await keyring.letsIn("hf-locked", file), false);
  assert.deepEqual(await users.read(locked), locked);
  await users.update(locked, { name: "hf-locked", locked: false });
  assert.equal(await keyring.letsIn("hf-locked", file), true);
});

test("a user with processes stays, unless they are to be ended; root stays in any case", real, async () => {
  const made = await users.create({ name: "hf-busy", group: "users" });
  await run(
    "systemd-run --quiet --uid=hf-busy --unit=hf-busy sh -c 'trap \"\" TERM; while :; do sleep 1; done'; until pgrep -u hf-busy; do sleep 0.02; done",
  );
  await assert.rejects(users.delete(made), /it has processes: \d+ sh,?.*; with endProcesses they are ended/);
  assert.notEqual(await passwd("hf-busy"), "none");
  await users.delete({ ...made, inputs: { ...made.inputs, endProcesses: true } });
  assert.equal(await passwd("hf-busy"), "none");
  assert.equal(await run("pgrep -u 'hf-busy' 2>/dev/null || echo none"), "none\n");
  const root = await users.create({ name: "root" });
  await assert.rejects(users.delete(root), /it is root/);
});

test("a group that the program named stays when the user of its name goes", real, async () => {
  await run("groupadd -g 4600 hf-kept");
  const made = await users.create({ name: "hf-kept", group: "hf-kept" });
  await users.delete(made);
  assert.equal(await run("getent group hf-kept"), "hf-kept:x:4600:\n");
});

test(
  "a home in a folder of somebody else's is made there, and nowhere that this one leads to",
  real,
  async () => {
    const wanted = { name: "hf-guest", home: "/srv/hf-others/guest", createHome: true };
    const victim = "stat -c '%a %U' /srv/hf-victim; ls -A /srv/hf-victim";
    await run("install -d -m 700 /srv/hf-victim; install -d -o www-data /srv/hf-others");
    const made = await users.create({ ...wanted, createHome: false });
    // Whoever owns the folder is quicker than the next step.
    await run(`cat >/usr/local/bin/mktemp <<'END' && chmod 755 /usr/local/bin/mktemp
#!/bin/sh
t=$(/usr/bin/mktemp "$@"); printf '%s' "$t"
case $t in /srv/hf-others/*) rmdir "$t"; ln -s /srv/hf-victim "$t" ;; esac
END`);
    await assert.rejects(users.update(made, wanted), /somebody else comes in between in \/srv\/hf-others/);
    await run("rm /usr/local/bin/mktemp");
    assert.equal(await run(victim), "700 root\n");
    assert.equal(await run("ls -A /srv/hf-others"), "");
    const home = await users.update(made, wanted);
    assert.match(await run("ls -lA /srv/hf-others/guest"), /hf-guest .* \.profile/);
    await users.delete(home);
  },
);

test("a shell or a group that is not there is an error, and nothing is made", real, async () => {
  await assert.rejects(
    users.create({ name: "hf-wrong", shell: "/bin/nothing" }),
    /its shell \/bin\/nothing is not there/,
  );
  await assert.rejects(users.create({ name: "hf-wrong", groups: ["hf-nogroup"] }), /hf-nogroup/);
  assert.equal(await passwd("hf-wrong"), "none");
});

test("users that are asked for at once are all made", real, async () => {
  const names = Array.from({ length: 8 }, (_, n) => `hf-many${n}`);
  await Promise.all(names.map(name => users.create({ name })));
  const uids = new Set(await Promise.all(names.map(async name => (await passwd(name)).split(":")[2])));
  assert.equal(uids.size, 8);
});

test("a user is imported with what is not at its default", real, async () => {
  await run(
    "groupadd -g 4700 hf-gang; useradd -u 4700 -g hf-gang -G sudo,adm -c 'Full name' -s /bin/bash -e 1 hf-import",
  );
  const { inputs } = (await users.import("hf-import")) ?? assert.fail();
  const { connection: _connection, ...properties } = inputs;
  assert.deepEqual(properties, {
    name: "hf-import",
    uid: 4700,
    group: "hf-gang",
    groups: ["adm", "sudo"],
    home: "/home/hf-import",
    shell: "/bin/bash",
    comment: "Full name",
    locked: true,
  });
  assert.equal(await users.import("hf-nobody"), undefined);
  assert.equal((await users.import("daemon"))?.inputs["uid"], 1);
});

test("through sudo it works the same; without, it is said that only root may", real, async () => {
  const through = desk.on({ ...host.as("deploy"), sudo: true }, "User");
  const made = await through.create({ name: "hf-sudo", locked: true, password: "!" });
  assert.deepEqual(await through.read(made), made);
  await assert.rejects(
    desk.on(host.as("guest"), "User").create({ name: "hf-guest" }),
    /7 PERMISSION_DENIED.*Permission denied|Permission denied/,
  );
});

test("a mistake in a user is told by its property", real, async () => {
  const flaws = async (properties: ValueMap): Promise<string> =>
    (await users.flaws({ name: "x", ...properties })).join("\n");
  assert.match(await flaws({ name: "1000" }), /^name must be a name .* not of digits alone/);
  assert.match(await flaws({ password: "geheim" }), /^password must be a hash .* never a password itself/);
  assert.match(await flaws({ comment: "a:b" }), /^comment must be a single line without a colon/);
  assert.match(await flaws({ home: "relative" }), /^home must be an absolute path/);
  assert.match(await flaws({ groups: ["a", "b c"] }), /^groups\[1\]/);
  assert.match(await flaws({ keepOtherGroups: true }), /^keepOtherGroups says something about groups/);
});
