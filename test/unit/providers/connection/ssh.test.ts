/** What goes wrong on the way to a host: each with a real sshd. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readdir, readFile, rm, mkdtemp, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { createConnectionPool, type ConnectionPool } from "../../../../src/providers/connection/pool.ts";
import { openShell } from "../../../../src/providers/connection/remote-shell.ts";
import { LOOP } from "../../../../src/providers/connection/shell-loop.ts";
import { SHELL_LIMITS } from "../../../../src/providers/connection/shell-pool.ts";
import type { SshConnection } from "../../../../src/providers/connection/spec.ts";
import { freePort, noSshd, startSshd, type Sshd } from "../../../support/sshd.ts";

const { signal } = new AbortController();

describe("a host behind ssh", { skip: noSshd }, () => {
  let sshd: Sshd;
  let pool: ConnectionPool;
  let folder: string;
  let good: SshConnection;
  before(async () => {
    sshd = await startSshd();
    folder = await mkdtemp(path.join(tmpdir(), "holdfast-ssh-test-"));
    pool = createConnectionPool(folder, { ...SHELL_LIMITS, retryMs: 0 });
    const { port, user, identityFile, hostKey } = sshd;
    good = { kind: "ssh", host: "127.0.0.1", port, user, identityFile, hostKey, sudo: false };
  });
  after(async () => {
    await pool.close();
    await sshd.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function whyUnreachable(connection: SshConnection, within = pool): Promise<string> {
    const answer = await within.machine(connection).ping(signal);
    assert.equal(answer.ok, false);
    assert.equal(answer.trouble.kind, "unreachable");
    return answer.trouble.message;
  }

  test("a host with another key than the pinned one is not talked to", async () => {
    const other = `ssh-ed25519 ${(await readFile(`${sshd.identityFile}.pub`, "utf8")).split(" ")[1]}`;
    assert.match(await whyUnreachable({ ...good, hostKey: other }), /host key is not the known one/);
  });

  test("a host whose key nobody knows is not talked to", async () => {
    const { hostKey: _, ...unpinned } = good;
    await writeFile(path.join(folder, "empty"), "");
    const why = await whyUnreachable({ ...unpinned, knownHostsFile: path.join(folder, "empty") });
    assert.match(why, /host key is not known/);
  });

  test("a host that could not be reached is not tried again for a while, but for whoever asks anew", async t => {
    const { hostKey: _, ...unpinned } = good;
    const knownHostsFile = path.join(folder, "late");
    await writeFile(knownHostsFile, "");
    const patient = createConnectionPool(folder, { ...SHELL_LIMITS, retryMs: 1_000_000 });
    t.after(() => patient.close());
    await whyUnreachable({ ...unpinned, knownHostsFile }, patient);
    await writeFile(knownHostsFile, `[127.0.0.1]:${sshd.port} ${sshd.hostKey}\n`);
    const look = () => patient.machine({ ...unpinned, knownHostsFile }).read("/", 0, signal);
    const soon = await look();
    assert.equal(!soon.ok && soon.trouble.kind, "unreachable");
    patient.askAnew();
    assert.equal((await look()).ok, true);
  });

  test("where that is asked for, the first key is remembered, ours alone, and any other refused later", async () => {
    const { hostKey: _, ...unpinned } = good;
    const trusting: SshConnection = { ...unpinned, hostKey: "trust-first" };
    assert.deepEqual(await pool.machine(trusting).ping(signal), { ok: true, value: undefined });
    const remembered = path.join(folder, "known_hosts");
    assert.equal(
      (await readFile(remembered, "utf8")).trim(),
      `[127.0.0.1]:${sshd.port} ${sshd.hostKey.split(" ").slice(0, 2).join(" ")}`,
    );
    const other = (await readFile(`${sshd.identityFile}.pub`, "utf8")).split(" ")[1];
    await writeFile(remembered, `[127.0.0.1]:${sshd.port} ssh-ed25519 ${other}\n`);
    const fresh = createConnectionPool(folder, { ...SHELL_LIMITS, retryMs: 0 });
    assert.match(await whyUnreachable(trusting, fresh), /host key is not the known one/);
    await fresh.close();
    const elsewhere: SshConnection = { ...trusting, knownHostsFile: path.join(folder, "elsewhere") };
    assert.equal((await pool.machine(elsewhere).ping(signal)).ok, true);
    assert.match(await readFile(path.join(folder, "elsewhere"), "utf8"), /ssh-ed25519/);
  });

  test("a refused login, a closed port and a name that does not exist say what they are", async () => {
    await writeFile(path.join(folder, "nokey"), "");
    assert.match(
      await whyUnreachable({ ...good, identityFile: path.join(folder, "nokey") }),
      /login was refused/,
    );
    assert.match(await whyUnreachable({ ...good, port: await freePort() }), /Connection refused/);
  });

  test("a private key works without a file of its own, and none is left behind", async () => {
    const { identityFile: _, ...keyless } = good;
    const answer = await pool.machine({ ...keyless, privateKey: sshd.privateKey }).ping(signal);
    assert.deepEqual(answer, { ok: true, value: undefined });
    const left = await readdir("/dev/shm");
    assert.deepEqual(
      left.filter(name => name.startsWith("holdfast-ssh-")),
      [],
    );
  });

  test("a port that accepts and never speaks is given up at the deadline", async () => {
    const mute = createServer().listen(0, "127.0.0.1");
    await once(mute, "listening");
    const address = mute.address();
    assert.ok(typeof address === "object" && address);
    const hasty = createConnectionPool(folder, { ...SHELL_LIMITS, connectMs: 500, pingMs: 1000 });
    assert.match(await whyUnreachable({ ...good, port: address.port }, hasty), /no answer within|timed out/);
    await hasty.close();
    mute.close();
  });

  test("a host that hangs in the middle is given up at the deadline, and used again when it is back", async () => {
    const hasty = createConnectionPool(folder, { ...SHELL_LIMITS, callMs: 300, retryMs: 0 });
    const machine = hasty.machine(good);
    assert.equal((await machine.ping(signal)).ok, true);
    const frozen = sshd.sessions();
    const all = [sshd.pid, ...frozen];
    for (const pid of all) process.kill(pid, "SIGSTOP");
    try {
      const read = await machine.read("/etc/hostname", 100, signal);
      assert.equal(!read.ok && read.trouble.kind, "timed-out");
    } finally {
      for (const pid of all) process.kill(pid, "SIGCONT");
    }
    const patient = createConnectionPool(folder);
    assert.equal((await patient.machine(good).ping(signal)).ok, true);
    await patient.close();
    await hasty.close();
  });

  test("a shell that is killed in the middle of a write leaves the old file, and the next step works", async () => {
    const machine = pool.machine(good);
    const target = path.join(folder, "killed");
    await machine.write(target, Buffer.from("old"), { newMode: 0o644 }, signal);
    // The host stands still, so that the write is certain to be in the middle when it is cancelled.
    const frozen = sshd.sessions();
    for (const pid of frozen) process.kill(pid, "SIGSTOP");
    const cancelling = new AbortController();
    const writing = machine.write(target, Buffer.alloc(9_000_000, 65), { newMode: 0o644 }, cancelling.signal);
    await new Promise(setImmediate);
    cancelling.abort();
    const written = await writing;
    for (const pid of frozen) process.kill(pid, "SIGCONT");
    assert.equal(!written.ok && written.trouble.kind, "cancelled");
    assert.equal(await readFile(target, "utf8"), "old");
    const again = await machine.write(target, Buffer.from("new"), { newMode: 0o644 }, signal);
    assert.deepEqual(again, { ok: true, value: undefined });
    assert.equal(await readFile(target, "utf8"), "new");
  });

  test("sessions that are killed on the host's side are replaced by new ones", async () => {
    const machine = pool.machine(good);
    assert.equal((await machine.ping(signal)).ok, true);
    for (const look of [
      () => machine.read("/etc/passwd", 1_000_000, signal),
      () => machine.ask([{ about: "group", name: "root" }], signal),
      () => machine.ping(signal),
    ]) {
      for (const session of sshd.sessions()) process.kill(session, "SIGKILL");
      assert.equal((await look()).ok, true, "whoever only looks does not notice");
    }
  });

  test("many steps at once share a few shells", async () => {
    const machine = pool.machine(good);
    const reads = Array.from({ length: 40 }, () => machine.read("/etc/passwd", 1_000_000, signal));
    assert.equal(
      (await Promise.all(reads)).every(answer => answer.ok),
      true,
    );
    const shells = sshd.sessions().length;
    assert.ok(shells > 0 && shells <= 4 * 3 * SHELL_LIMITS.shells, `${shells} processes`);
  });

  test(
    "permission denied is told with host, path and reason",
    { skip: process.getuid?.() !== 0 },
    async () => {
      const machine = pool.machine(good);
      const answer = await machine.write("/proc/version", Buffer.from("x"), { newMode: 0o644 }, signal);
      assert.equal(answer.ok, false);
      assert.match(answer.trouble.message, /ssh:\/\/.*: \/proc\/version: /);
    },
  );
});

describe("a kept shell", () => {
  const open = () =>
    openShell({ program: "sh", args: ["-c", LOOP], env: { PATH: process.env["PATH"] ?? "" }, cwd: "/" });
  const call = { maxOutput: 1000, deadlineMs: 10_000, signal };

  test("scripts answer with their code and both outputs, and do not see each other", async () => {
    const shell = open();
    const first = await shell.run({ ...call, script: "x=1; cd /tmp; echo out; echo err >&2; exit 7" });
    assert.deepEqual(first, { ok: true, value: { code: 7, stdout: Buffer.from("out\n"), stderr: "err" } });
    const second = await shell.run({ ...call, script: 'printf %s "$x$(pwd)"' });
    assert.equal(second.ok && second.value.stdout.toString(), "/");
    shell.kill();
    await shell.ended;
  });

  test("a script that leaves its input unread does not confuse the next one", async () => {
    const shell = open();
    const body = Buffer.from("exit 9\nabc 3 0\n".repeat(10_000));
    assert.equal((await shell.run({ ...call, script: "head -c 3 >/dev/null; exit 3", body })).ok, true);
    const next = await shell.run({ ...call, script: "cat", body: Buffer.from("\0\n'") });
    assert.deepEqual(next.ok && next.value.stdout, Buffer.from("\0\n'"));
    shell.kill();
    await shell.ended;
  });

  test("output without an end closes the shell at its limit", async () => {
    const shell = open();
    const answer = await shell.run({ ...call, script: "while :; do echo yyyyyyyyyyyyyyyyyyyyyy; done" });
    assert.match(answer.ok ? "" : answer.trouble.message, /more output than is allowed/);
    assert.equal(shell.isAlive(), false);
    await shell.ended;
  });

  test("error output without an end closes it too", async () => {
    const shell = open();
    const answer = await shell.run({ ...call, script: "while :; do echo yyyyyyyyyyyyyyyyyyyyyy >&2; done" });
    assert.match(answer.ok ? "" : answer.trouble.message, /more error output than is allowed/);
    await shell.ended;
  });

  test("a script that never ends is ended at its deadline", async () => {
    const shell = open();
    const answer = await shell.run({ ...call, deadlineMs: 100, script: "sleep 1000" });
    assert.equal(!answer.ok && answer.trouble.kind, "timed-out");
    assert.equal(shell.isAlive(), false);
  });
});
