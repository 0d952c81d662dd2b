/** What goes wrong on the way to a real host, and on it. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { noHosts, startHosts, type Host, type Hosts } from "../support/hosts/hosts.ts";
import { openDesk, type Desk } from "../support/hosts/resources.ts";

let hosts: Hosts;
let frodo: Host;
let camelot: Host;
let desk: Desk;
before(async () => {
  if (noHosts) return;
  hosts = await startHosts(["frodo", "camelot"]);
  [frodo, camelot] = [hosts.host("frodo"), hosts.host("camelot")];
  desk = await openDesk();
});
after(async () => {
  await desk?.close();
  await hosts?.stop();
});

const skip = noHosts;
const content = (host: Host, file: string): Promise<string> =>
  host.run(`cat ${file} 2>/dev/null || echo none`);
const failsWith = (call: Promise<unknown>, why: RegExp): Promise<void> =>
  assert.rejects(call, (error: Error) => {
    assert.match(error.message, why);
    return true;
  });

test(
  "a host with another key than the pinned one is told nothing, and nothing is changed",
  { skip },
  async () => {
    const files = desk.on({ ...frodo.connection, hostKey: camelot.connection.hostKey }, "File");
    await failsWith(files.create({ path: "/etc/motd", content: "theirs" }), /host key is not the known one/);
    assert.doesNotMatch(await content(frodo, "/etc/motd"), /theirs/);
    assert.doesNotMatch(await frodo.run("journalctl -u ssh --no-pager"), /Accepted publickey/);
  },
);

test(
  "a host that gets another key in between is not talked to until the new key is given",
  { skip },
  async () => {
    const key = "/etc/ssh/ssh_host_ed25519_key";
    await camelot.run(
      `cp -p ${key} ${key}.pub /root/ && rm ${key}* && ssh-keygen -q -t ed25519 -N '' -f ${key} && systemctl restart ssh`,
    );
    const files = desk.on(camelot.connection, "File");
    await failsWith(files.create({ path: "/srv/anew", content: "x" }), /host key is not the known one/);
    const [type, code] = (await camelot.run(`cat ${key}.pub`)).split(" ");
    const anew = desk.on({ ...camelot.connection, hostKey: `${type} ${code}` }, "File");
    await anew.delete(await anew.create({ path: "/srv/anew", content: "x" }));
    await camelot.run(
      `mv /root/ssh_host_ed25519_key /root/ssh_host_ed25519_key.pub /etc/ssh/ && systemctl restart ssh`,
    );
  },
);

test("with sudo a login of little rights does everything", { skip }, async () => {
  const deploy = { ...frodo.as("deploy"), sudo: true };
  const files = desk.on(deploy, "File");
  const made = await files.create({ path: "/etc/app/secret", content: "s", mode: "0600", owner: "root" });
  assert.equal(await frodo.run("stat -c '%U %a' /etc/app/secret"), "root 600\n");
  assert.deepEqual(await files.read(made), made);
  const group = await desk.on(deploy, "Group").create({ name: "app" });
  assert.match(await frodo.run("getent group app"), /^app:/);
  await desk.on(deploy, "Group").delete(group);
  await files.delete(made);
});

test("without sudo the same login is denied, by name and path", { skip }, async () => {
  const deploy = frodo.as("deploy");
  const write = desk.on(deploy, "File").create({ path: "/etc/denied", content: "x" });
  await failsWith(write, /deploy@.*\/etc\/denied: .*Permission denied/s);
  await failsWith(
    desk.on(deploy, "Group").create({ name: "app" }),
    /make group app: .*[Pp]ermission denied/s,
  );
  const own = await desk.on(deploy, "File").create({ path: "/home/deploy/own", content: "x" });
  assert.equal(await frodo.run("stat -c %U /home/deploy/own"), "deploy\n");
  await desk.on(deploy, "File").delete(own);
});

test("a login that may not use sudo is told so", { skip }, async () => {
  const files = desk.on({ ...frodo.as("guest"), sudo: true }, "File");
  await failsWith(files.create({ path: "/etc/motd", content: "x" }), /sudo does not work without a password/);
});

test(
  "sudo that is taken away in between is told at the next connection, and works once it is back",
  { skip },
  async () => {
    const files = desk.on({ ...camelot.as("deploy"), sudo: true }, "File");
    const made = await files.create({ path: "/etc/one", content: "one" });
    await camelot.run("mv /etc/sudoers.d/deploy /root/; pkill -u deploy; pkill -f '[s]udo -n sh' || :");
    await failsWith(files.create({ path: "/etc/two", content: "two" }), /sudo|connection was lost/);
    await failsWith(files.create({ path: "/etc/two", content: "two" }), /sudo does not work/);
    await camelot.run("mv /root/deploy /etc/sudoers.d/");
    await retried(() => files.create({ path: "/etc/two", content: "two" }));
    await files.delete(made);
  },
);

/** After a failed connection the next is tried a little later. */
async function retried<T>(call: () => Promise<T>): Promise<T> {
  const end = Date.now() + 30_000;
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (Date.now() > end) throw error;
      await new Promise(resolve => setTimeout(resolve, 100));
    }
  }
}

test("a full disk leaves the former file as it was, and nothing beside it", { skip }, async () => {
  const files = desk.on(frodo.connection, "File");
  await frodo.run("mkdir /srv/small && mount -t tmpfs -o size=256k tmpfs /srv/small");
  const made = await files.create({ path: "/srv/small/file", content: "former" });
  await frodo.run("head -c 1M /dev/zero >/srv/small/hog || :");
  await failsWith(
    files.update(made, { path: "/srv/small/file", content: "x".repeat(100_000) }),
    /No space left on device/,
  );
  await failsWith(
    files.create({ path: "/srv/small/other", content: "x".repeat(100_000) }),
    /No space left on device/,
  );
  assert.equal(await content(frodo, "/srv/small/file"), "former");
  assert.equal(await frodo.run("ls -A /srv/small"), "file\nhog\n");
  await frodo.run("rm /srv/small/hog");
  const fits = { path: "/srv/small/file", content: "x".repeat(100_000) };
  assert.deepEqual(await files.read(await files.update(made, fits)), await files.update(made, fits));
  await frodo.run("umount /srv/small");
});

test("a full system disk: groups say so, and come to be once there is room", { skip }, async () => {
  await camelot.run(
    "mkdir /root/etc && cp -a /etc/. /root/etc/ && mount -t tmpfs -o size=6m tmpfs /mnt && cp -a /etc/. /mnt/ && mount --bind /mnt /etc",
  );
  try {
    await camelot.run("head -c 20M /dev/zero >/etc/hog || :");
    const groups = desk.on(camelot.connection, "Group");
    await failsWith(groups.create({ name: "roomless" }), /make group roomless: /);
    await camelot.run("rm /etc/hog");
    await groups.create({ name: "roomless" });
    assert.match(await camelot.run("getent group roomless"), /^roomless:/);
  } finally {
    await camelot.run("umount /etc; umount /mnt");
  }
});

test("two stacks at work on one host at once both get what they want", { skip }, async () => {
  const other = await openDesk();
  try {
    const work = [desk, other].flatMap((one, index) => {
      const names = Array.from({ length: 12 }, (_, n) => `both${index}x${n}`);
      return names.flatMap(name => [
        one.on(frodo.connection, "Group").create({ name }),
        one.on(frodo.connection, "File").create({ path: `/srv/both/${name}`, content: name }),
      ]);
    });
    await Promise.all(work);
    assert.equal(await frodo.run("getent group | grep -c '^both'"), "24\n");
    assert.equal(await frodo.run("ls -A /srv/both | wc -l"), "24\n");
    assert.equal(await frodo.run("getent group | cut -d: -f3 | sort | uniq -d"), "", "no number twice");
  } finally {
    await other.close();
  }
});

test("both of them want the same file: each write is whole, and the loser sees it", { skip }, async () => {
  const other = await openDesk();
  try {
    const [ours, theirs] = [desk, other].map(one => one.on(frodo.connection, "File"));
    assert.ok(ours && theirs);
    const path = "/srv/contested";
    const texts = ["a", "b"].map(letter => letter.repeat(50_000));
    const [first, second] = await Promise.all([
      ours.create({ path, content: texts[0] ?? "" }),
      theirs.create({ path, content: texts[1] ?? "" }),
    ]);
    const now = await content(frodo, path);
    assert.ok(texts.includes(now), "not a mixture");
    const drifts = [await ours.drift(first), await theirs.drift(second)];
    assert.deepEqual(drifts.toSorted(), [[], ["content"]]);
  } finally {
    await other.close();
  }
});

test("somebody who edits at the same moment is overwritten or seen, never mixed in", { skip }, async () => {
  const files = desk.on(frodo.connection, "File");
  const path = "/srv/edited";
  await frodo.run(
    `systemd-run --quiet --unit=editor sh -c 'while :; do echo by hand >${path}.swp; mv ${path}.swp ${path}; done'`,
  );
  const text = "ours\n".repeat(10_000);
  try {
    for (let n = 0; n < 5; n++) await files.create({ path, content: text });
    assert.ok(["by hand\n", text].includes(await content(frodo, path)));
  } finally {
    await frodo.run("systemctl stop editor");
  }
  await frodo.run(`echo by hand >${path}`);
  const made = await files.create({ path, content: text });
  assert.deepEqual(await files.drift(made), []);
  await frodo.run(`echo by hand >>${path}`);
  assert.deepEqual(await files.drift(made), ["content"]);
  await files.repair(made);
  assert.deepEqual(await files.drift(made), []);
});
