/** Keys of users on a real host. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, before, test } from "node:test";
import { noHosts, startHost, type LoneHost } from "../support/hosts/hosts.ts";
import { openKeyring, type Keyring } from "../support/hosts/keyring.ts";
import { openDesk, type Desk, type Resources } from "../support/hosts/resources.ts";

let host: LoneHost;
let desk: Desk;
let users: Resources;
let keys: Resources;
let keyring: Keyring;
const real = { skip: noHosts, timeout: 120_000 };

before(async () => {
  if (noHosts) return;
  host = await startHost();
  desk = await openDesk();
  users = desk.on(host.connection, "User");
  keys = desk.on(host.connection, "AuthorizedKey");
  keyring = openKeyring(host.connection);
});
after(async () => {
  await desk?.close();
  await host?.stop();
  keyring?.close();
});

const run = (script: string): Promise<string> => host.run(script);
const keysFile = (user: string): string => `/home/${user}/.ssh/authorized_keys`;
const bytesOf = (user: string): Promise<string> => run(`cat ${keysFile(user)}`);

test(
  "a key lets its user in; folder and file are the user's; it is read back equal and removed",
  real,
  async () => {
    const { key, file } = keyring.make("first");
    await users.create({ name: "hf-keys" });
    const wanted = {
      user: "hf-keys",
      key: `${key} me@laptop`,
      options: ["restrict", 'from="10.0.0.0/8,*.example.org"'],
    };
    const made = await keys.create(wanted);
    assert.equal(await bytesOf("hf-keys"), `restrict,from="10.0.0.0/8,*.example.org" ${key} me@laptop\n`);
    assert.equal(
      await run(`stat -c '%a %U %G' /home/hf-keys/.ssh ${keysFile("hf-keys")}`),
      "700 hf-keys hf-keys\n600 hf-keys hf-keys\n",
    );
    assert.deepEqual([made.inputs["key"], made.inputs["comment"]], [key, "me@laptop"]);
    const printed = execFileSync("ssh-keygen", ["-l", "-f", `${file}.pub`], { encoding: "utf8" });
    assert.equal(made.state["fingerprint"], printed.split(" ")[1]);
    assert.equal(made.id, `hf-keys:${printed.split(" ")[1]}`);
    const stamp = await run(`stat -c '%y %i' ${keysFile("hf-keys")}`);
    assert.deepEqual(await keys.read(made), made);
    await keys.repair(made);
    await keys.create(wanted);
    assert.equal(await run(`stat -c '%y %i' ${keysFile("hf-keys")}`), stamp);
    assert.equal(await keyring.letsIn("hf-keys", file), true);
    await keys.delete(made);
    assert.equal(await keyring.letsIn("hf-keys", file), false);
    assert.equal(await keys.read(made), undefined);
    await keys.delete(made);
  },
);

test(
  "other lines stay byte for byte, whatever they are, and a line that was edited or deleted is put back",
  real,
  async () => {
    const [mine, theirs] = [keyring.make("mine").key, keyring.make("theirs").key];
    await users.create({ name: "hf-shared" });
    const others = `# ${mine} disabled\\n\\n  command="echo \\\\"a b\\\\"" ${theirs} J\\374rgen \\n\\tgarbage\\r\\n${theirs.slice(0, 40)} no end`;
    await run(
      `install -d -o hf-shared -m 700 /home/hf-shared/.ssh; printf '${others}' >${keysFile("hf-shared")}; chown hf-shared ${keysFile("hf-shared")}; chmod 640 ${keysFile("hf-shared")}`,
    );
    const before = await run(`base64 -w0 ${keysFile("hf-shared")}`);
    const made = await keys.create({ user: "hf-shared", key: mine, comment: "mine" });
    const size = Buffer.from(before, "base64").length;
    assert.equal(await run(`head -c ${size} ${keysFile("hf-shared")} | base64 -w0`), before);
    assert.equal(await run(`tail -c +${size + 1} ${keysFile("hf-shared")}`), `\n${mine} mine\n`);
    assert.equal(await run(`stat -c %a ${keysFile("hf-shared")}`), "640\n");
    await run(
      `sed -i 's|^\\(${mine.replace("+", "+")}\\) mine$|no-pty \\1 hers|' ${keysFile("hf-shared")}; chown hf-shared ${keysFile("hf-shared")}`,
    );
    assert.deepEqual(await keys.drift(made), ["comment", "options"]);
    await keys.repair(made);
    assert.equal(await run(`tail -c +${size + 1} ${keysFile("hf-shared")}`), `\n${mine} mine\n`);
    await run(`sed -i '$d' ${keysFile("hf-shared")}`);
    assert.equal(await keys.read(made), undefined);
    await keys.repair(made);
    await keys.delete(made);
    assert.equal(await run(`head -c ${size} ${keysFile("hf-shared")} | base64 -w0`), before);
  },
);

test("keys that many add at the same moment are all there", real, async () => {
  await users.create({ name: "hf-crowd" });
  const all = Array.from({ length: 8 }, (_, n) => keyring.make(`crowd${n}`).key);
  const other = await openDesk();
  try {
    const theirs = other.on(host.connection, "AuthorizedKey");
    const made = await Promise.all(
      all.map((key, n) => (n % 2 ? keys : theirs).create({ user: "hf-crowd", key })),
    );
    assert.deepEqual((await bytesOf("hf-crowd")).trim().split("\n").toSorted(), all.toSorted());
    await Promise.all(made.slice(1).map((one, n) => (n % 2 ? keys : theirs).delete(one)));
    assert.equal(await bytesOf("hf-crowd"), `${all[0]}\n`);
  } finally {
    await other.close();
  }
});

test("what users plant in their homes leads root nowhere", real, async () => {
  const { key } = keyring.make("planted");
  await users.create({ name: "hf-evil" });
  await run("echo 'root only' >/root/precious; chmod 600 /root/precious; mkdir -p -m 700 /root/target");
  const link = async (script: string): Promise<void> =>
    void (await run(
      `rm -rf /home/hf-evil/.ssh; cd /home/hf-evil; ${script}; chown -h hf-evil .ssh .ssh/* 2>/dev/null || :`,
    ));
  await link("mkdir .ssh; chown hf-evil .ssh; ln -s /root/precious .ssh/authorized_keys");
  await assert.rejects(keys.create({ user: "hf-evil", key }), /Permission denied|leads nowhere/);
  assert.equal(await run("cat /root/precious"), "root only\n");
  await link("ln -s /root/target .ssh");
  await assert.rejects(keys.create({ user: "hf-evil", key }), /Permission denied|File exists/);
  assert.equal(await run("ls -A /root/target"), "");
  await link("ln -s /etc/shadow .ssh");
  await assert.rejects(keys.create({ user: "hf-evil", key }));
  await link("mkdir .ssh; chown hf-evil .ssh; mkfifo .ssh/authorized_keys");
  await assert.rejects(keys.create({ user: "hf-evil", key }), /is no file/);
  await link("mkdir .ssh; echo mine >.ssh/authorized_keys; chown root .ssh");
  await run("chown root /home/hf-evil/.ssh/authorized_keys; chown hf-evil /home/hf-evil/.ssh");
  await assert.rejects(keys.create({ user: "hf-evil", key }), /belongs to somebody else/);
  await link(
    "mkdir -p dotfiles/keys .ssh; : >dotfiles/keys/me; chown -R hf-evil dotfiles .ssh; ln -s ../dotfiles/keys/me .ssh/authorized_keys",
  );
  await keys.create({ user: "hf-evil", key });
  assert.equal(
    await run("cat /home/hf-evil/dotfiles/keys/me; readlink /home/hf-evil/.ssh/authorized_keys"),
    `${key}\n../dotfiles/keys/me\n`,
    "a link of one's own is kept",
  );
});

test("a user may keep its own keys without sudo; another's are not its own", real, async () => {
  const { key } = keyring.make("own");
  const own = desk.on(host.as("guest"), "AuthorizedKey");
  const made = await own.create({ user: "guest", key });
  assert.deepEqual(await own.read(made), made);
  await own.delete(made);
  await assert.rejects(own.create({ user: "deploy", key }), /only root or deploy may see its keys/);
  const root = await keys.create({ user: "root", key });
  assert.deepEqual(await keys.read(root), root);
  await keys.delete(root);
});

test("a key of a user that is not there cannot be made, and is gone with its user", real, async () => {
  const { key } = keyring.make("orphan");
  await assert.rejects(keys.create({ user: "hf-nobody", key }), /there is no user hf-nobody/);
  const user = await users.create({ name: "hf-leaving", removeHome: true });
  const made = await keys.create({ user: "hf-leaving", key });
  await users.delete(user);
  assert.equal(await keys.read(made), undefined);
  await keys.delete(made);
});

test("a key is imported by user and fingerprint", real, async () => {
  const found = keyring.make("import");
  const { key } = found;
  await users.create({ name: "hf-keyimport" });
  await run(
    `install -d -o hf-keyimport -m 700 /home/hf-keyimport/.ssh; echo 'no-pty,command="a, b" ${key} found' >${keysFile("hf-keyimport")}; chown hf-keyimport ${keysFile("hf-keyimport")}`,
  );
  const { key: other } = keyring.make("import2");
  const made = await keys.create({ user: "hf-keyimport", key: other });
  const id = execFileSync("ssh-keygen", ["-l", "-f", `${found.file}.pub`], {
    encoding: "utf8",
  }).split(" ")[1];
  const imported = (await keys.import(`hf-keyimport:${id}`)) ?? assert.fail();
  const { connection: _connection, ...properties } = imported.inputs;
  assert.deepEqual(properties, {
    user: "hf-keyimport",
    key,
    options: ["no-pty", 'command="a, b"'],
    comment: "found",
  });
  assert.deepEqual(await keys.read(imported), imported);
  assert.equal((await keys.import(made.id))?.inputs["key"], other);
  assert.equal(await keys.import("hf-keyimport:SHA256:nothing"), undefined);
});
