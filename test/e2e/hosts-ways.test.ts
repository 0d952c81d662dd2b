/** Ways to a real host: keys, certificates, jump hosts, and host keys that are known, trusted at first, or certified. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, test, type TestContext } from "node:test";
import { run as runProgram } from "../../src/process/run.ts";
import { tempFolder } from "../support/git.ts";
import { noHosts, startHosts, type Host, type Hosts } from "../support/hosts/hosts.ts";
import { tool } from "../support/hosts/network.ts";
import { openDesk, type Desk } from "../support/hosts/resources.ts";

let hosts: Hosts;
let frodo: Host;
let camelot: Host;
before(async () => {
  if (noHosts) return;
  hosts = await startHosts(["frodo", "camelot"]);
  [frodo, camelot] = [hosts.host("frodo"), hosts.host("camelot")];
});
after(() => hosts?.stop());

const skip = noHosts;
const FILE = { path: "/srv/way", content: "there\n" };

/** With a data folder of its own. */
async function freshDesk(t: TestContext): Promise<{ desk: Desk; data: string }> {
  const data = tempFolder(t);
  const desk = await openDesk(data);
  t.after(() => desk.close());
  return { desk, data };
}

async function writes(desk: Desk, host: Host, connection: Parameters<Desk["on"]>[0]): Promise<void> {
  const made = await desk.on(connection, "File").create(FILE);
  assert.equal(await host.run(`cat ${FILE.path}`), FILE.content);
  await desk.on(connection, "File").delete(made);
}

/** A certificate of a key by a certificate authority that is made for it; answers the authority's public key. */
async function certify(folder: string, publicKey: string, ...how: readonly string[]): Promise<string> {
  const authority = path.join(folder, "authority");
  await tool(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "ca", "-f", authority]);
  await tool(["ssh-keygen", "-q", "-s", authority, "-I", "test", "-V", "-1m:+1h", ...how, publicKey]);
  return readFileSync(`${authority}.pub`, "utf8");
}

test("a private key that is a value opens the way", { skip }, async t => {
  const { desk } = await freshDesk(t);
  const { host, user, hostKey } = frodo.connection;
  const privateKey = readFileSync(hosts.identityFile, "utf8");
  await writes(desk, frodo, { host, user, hostKey, privateKey });
});

test("the first key is trusted where that is asked for, and only that one later", { skip }, async t => {
  const { desk, data } = await freshDesk(t);
  const { hostKey, ...unknown } = camelot.connection;
  await assert.rejects(desk.on(unknown, "File").create(FILE), /host key is not known/);
  const trusting = { ...unknown, hostKey: "trust-first" };
  await writes(desk, camelot, trusting);
  assert.equal(readFileSync(path.join(data, "known_hosts"), "utf8"), `${camelot.address} ${hostKey}\n`);
  const key = "/etc/ssh/ssh_host_ed25519_key";
  await camelot.run(
    `cp -a ${key} ${key}.pub /root/ && rm ${key}* && ssh-keygen -q -t ed25519 -N '' -f ${key}`,
  );
  await camelot.run("systemctl restart ssh");
  await assert.rejects(openedAnew(data, trusting), /host key is not the known one/);
  await camelot.run(`mv /root/ssh_host_ed25519_key* /etc/ssh/ && systemctl restart ssh`);
  await openedAnew(data, trusting);
});

/** With shells of its own, after a restart so to speak. */
async function openedAnew(data: string, connection: Parameters<Desk["on"]>[0]): Promise<void> {
  const desk = await openDesk(data);
  try {
    await desk.on(connection, "File").create(FILE);
  } finally {
    await desk.close();
  }
}

/** For a moment nobody listens, and sshd says when it does again. (systemd starts it anew only a few times in ten seconds.) */
const RELOAD = `{
listens() { journalctl -u ssh --no-pager -o cat | grep -c '^Server listening on 0'; }
before=$(listens)
systemctl reload ssh
until [ "$(listens)" -gt "$before" ]; do sleep 0.02; done
}`;

test("a certificate beside its key logs in where no key is authorized", { skip }, async t => {
  const { desk, data } = await freshDesk(t);
  const identityFile = path.join(data, "certified");
  await tool(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "c", "-f", identityFile]);
  const connection = { ...frodo.connection, identityFile };
  await assert.rejects(desk.on(connection, "File").create(FILE), /login was refused/);
  const authority = await certify(data, `${identityFile}.pub`, "-n", "root");
  await frodo.run(
    `cat >/etc/ssh/users.pub && echo 'TrustedUserCAKeys /etc/ssh/users.pub' >/etc/ssh/sshd_config.d/20-ca.conf && ${RELOAD}`,
    authority,
  );
  await openedAnew(data, connection);
});

test("a host with a certificate is known by who certified it", { skip }, async t => {
  const { desk, data } = await freshDesk(t);
  const publicKey = path.join(data, "host.pub");
  writeFileSync(publicKey, `${camelot.connection.hostKey}\n`);
  const authority = await certify(data, publicKey, "-h", "-n", camelot.address);
  const certificate = readFileSync(path.join(data, "host-cert.pub"), "utf8");
  const file = "/etc/ssh/ssh_host_ed25519_key-cert.pub";
  await camelot.run(
    `cat >${file} && echo 'HostCertificate ${file}' >/etc/ssh/sshd_config.d/20-cert.conf && ${RELOAD}`,
    certificate,
  );
  const knownHostsFile = path.join(data, "certified");
  writeFileSync(knownHostsFile, `@cert-authority ${camelot.address} ${authority}`);
  const { hostKey: _, ...connection } = camelot.connection;
  await writes(desk, camelot, { ...connection, knownHostsFile });
});

test("names, users, keys and jump hosts come from the user's own configuration of ssh", { skip }, async t => {
  const folder = tempFolder(t);
  const { identityFile } = hosts;
  // From now on only frodo is let in.
  await camelot.run(
    `echo 'AllowUsers root@${frodo.address}' >/etc/ssh/sshd_config.d/30-inner.conf && ${RELOAD}`,
  );
  t.after(() => camelot.run(`rm /etc/ssh/sshd_config.d/30-inner.conf && ${RELOAD}`));
  const { desk } = await freshDesk(t);
  await assert.rejects(desk.on(camelot.connection, "File").create(FILE), /login was refused/);
  const known = path.join(folder, "known");
  writeFileSync(
    known,
    [frodo, camelot].map(({ address, connection }) => `${address} ${connection.hostKey}\n`).join(""),
  );
  const both = `  IdentityFile ${identityFile}\n  UserKnownHostsFile ${known}\n`;
  const config = `Host inner\n  HostName ${camelot.address}\n  User root\n  ProxyJump outer\n${both}
Host outer\n  HostName ${frodo.address}\n  User deploy\n${both}`;
  writeFileSync(path.join(folder, "config"), config);
  const ended = await withSshConfig(folder, ["inner", FILE.path, "through\n"]);
  assert.equal(ended.code, 0, ended.stderr.toString());
  assert.equal(await camelot.run(`cat ${FILE.path}`), "through\n");
  assert.match(
    await camelot.run("journalctl -u ssh --no-pager"),
    new RegExp(`Accepted publickey for root from ${frodo.address}`),
  );
});

/** ssh looks in the home folder that the system names: it is laid over with one that has this configuration. */
function withSshConfig(folder: string, args: readonly string[]): ReturnType<typeof runProgram> {
  const script = `mount -t tmpfs tmpfs /mnt && mkdir -p /mnt/up/.ssh /mnt/work && chmod 700 /mnt/up /mnt/up/.ssh &&
install -m 600 "$1/config" /mnt/up/.ssh/config &&
mount -t overlay overlay -o lowerdir=/root,upperdir=/mnt/up,workdir=/mnt/work /root && shift && exec "$@"`;
  const program = path.resolve(import.meta.dirname, "../support/hosts/write-file.ts");
  const command = ["--mount", "sh", "-c", script, "sh", folder, process.execPath, program, ...args];
  const env = { PATH: process.env["PATH"] ?? "", HOME: "/root" };
  return runProgram("unshare", command, { env, deadlineMs: 60_000 });
}
