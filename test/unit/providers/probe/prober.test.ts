/** The probe on folders and behind a real sshd: what differs, what does not answer, and what is kept in between. */
import assert from "node:assert/strict";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import type { ProbeReport } from "../../../../src/engine/ports/probe.ts";
import type { StateResource } from "../../../../src/engine/ports/state.ts";
import { createConnectionPool, type ConnectionPool } from "../../../../src/providers/connection/pool.ts";
import { createProber, PROBE_LIMITS, type LocalProber } from "../../../../src/providers/probe/prober.ts";
import { needsState, type ProbeAnswer, type ProbeRequest } from "../../../../src/providers/probe/request.ts";
import { createProviderHostClient } from "../../../../src/providers/client.ts";
import { resources as table } from "../../../../src/providers/table.ts";
import { freePort, noSshd, startSshd, type Sshd } from "../../../support/sshd.ts";

type Plainly = Readonly<Record<string, unknown>>;

const urnOf = (name: string): string => `urn:pulumi:dev::hosts::holdfast:host:File::${name}`;
const fileAt = (connection: Plainly, file: string, content: string, more: Plainly = {}): StateResource => ({
  urn: urnOf(path.basename(file)),
  type: "holdfast:host:File",
  custom: true,
  inputs: { connection, path: file, content, ...more },
  outputs: {},
});

async function ask(prober: LocalProber, ...requests: ProbeRequest[]): Promise<readonly ProbeAnswer[]> {
  const answers: ProbeAnswer[] = [];
  await prober.probe(requests, answer => answers.push(answer));
  return answers;
}

async function reportOf(prober: LocalProber, request: ProbeRequest): Promise<ProbeReport> {
  const [answer] = await ask(prober, request);
  if (!answer || needsState(answer)) assert.fail(`no report: ${JSON.stringify(answer)}`);
  return answer;
}

let folder: string;
let pool: ConnectionPool;
let prober: LocalProber;
before(() => {
  folder = mkdtempSync(path.join(tmpdir(), "holdfast-probe-"));
  pool = createConnectionPool(folder);
  prober = newProber();
});
after(async () => {
  await pool.close();
  rmSync(folder, { recursive: true, force: true });
});

function newProber(limits = PROBE_LIMITS): LocalProber {
  const onBug = (error: unknown): void => {
    throw error;
  };
  return createProber({
    resources: table,
    connections: pool,
    signal: new AbortController().signal,
    onBug,
    limits,
  });
}

const box = (name: string): Plainly => ({ local: true, root: path.join(folder, name) });
function write(name: string, content: string): string {
  const file = path.join(folder, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, content);
  return file;
}

test("the state is brought once for a version, and again only when the host answers otherwise", async () => {
  const file = write("frodo/etc/motd", "hello");
  chmodSync(file, 0o644);
  const state = {
    stack: "hosts/frodo",
    version: 3,
    resources: [fileAt(box("frodo"), "/etc/motd", "hello", { mode: "0644" })],
  };
  const known = { stack: "hosts/frodo", version: 3 };
  assert.deepEqual(await ask(prober, known), [{ stack: "hosts/frodo", needs: "state" }]);
  const same = { ...known, watched: 1, differences: [], silent: [] };
  assert.deepEqual(await ask(prober, state), [same]);
  assert.deepEqual(await ask(prober, known), [same]);

  writeFileSync(file, "jello");
  assert.deepEqual(await ask(prober, known), [{ stack: "hosts/frodo", needs: "state" }]);
  const changed = { ...same, differences: [{ urn: urnOf("motd"), paths: ["content"] }] };
  assert.deepEqual(await ask(prober, state), [changed]);
  assert.deepEqual(await ask(prober, known), [changed], "known to differ, without the state");

  rmSync(file);
  assert.deepEqual((await reportOf(prober, state)).differences, [{ urn: urnOf("motd"), paths: [""] }]);
  assert.deepEqual(await ask(prober, { ...known, version: 4 }), [{ stack: "hosts/frodo", needs: "state" }]);
});

test("a file that is written again as it was is judged again, and found equal", async () => {
  const file = write("same/a", "a");
  const state = { stack: "hosts/same", version: 1, resources: [fileAt(box("same"), "/a", "a")] };
  await reportOf(prober, state);
  const before = statSync(file);
  rmSync(file);
  write("same/a", "a");
  utimesSync(file, before.atime, new Date(before.mtimeMs + 5_000));
  assert.deepEqual((await reportOf(prober, state)).differences, []);
});

test("a stack without anything to ask is answered, and not asked for again", async () => {
  const answer = { stack: "cluster/prod", version: 9, watched: 0, differences: [], silent: [] };
  assert.deepEqual(await ask(prober, { stack: "cluster/prod", version: 9, resources: [] }), [answer]);
  assert.deepEqual(await ask(prober, { stack: "cluster/prod", version: 9 }), [answer]);
});

test("what cannot be looked at is left to the scheduled check, and the rest is judged", async () => {
  write("partly/a", "other");
  // A name that no file system takes: to look at it is an error, not an absence.
  const bad = fileAt(box("partly"), `/${"n".repeat(300)}`, "b");
  const state = { stack: "hosts/partly", version: 1, resources: [fileAt(box("partly"), "/a", "a"), bad] };
  const report = await reportOf(prober, state);
  assert.equal(report.watched, 1);
  assert.deepEqual(report.differences, [{ urn: urnOf("a"), paths: ["content"] }]);
  assert.deepEqual(await reportOf(prober, { stack: "hosts/partly", version: 1 }), report);
});

describe("behind ssh", { skip: noSshd }, () => {
  let sshd: Sshd;
  let connection: Plainly;
  before(async () => {
    sshd = await startSshd();
    const { port, user, identityFile, hostKey } = sshd;
    connection = { host: "127.0.0.1", port, user, identityFile, hostKey };
  });
  after(() => sshd.stop());

  test("hundreds of files of many stacks are compared, and only those that differ are named", async () => {
    const stacks = Array.from({ length: 20 }, (_, index) => `hosts/s${index}`);
    const requests = stacks.map(stack => ({
      stack,
      version: 1,
      resources: Array.from({ length: 20 }, (_, index) => {
        const file = write(`${stack}/f${index}`, `${stack} ${index}`);
        return fileAt(connection, file, `${stack} ${index}`);
      }),
    }));
    const first = await ask(prober, ...requests);
    assert.deepEqual(
      first.map(answer => !needsState(answer) && answer.watched),
      stacks.map(() => 20),
    );
    write("hosts/s7/f3", "by hand");
    const again = await ask(prober, ...stacks.map(stack => ({ stack, version: 1 })));
    assert.deepEqual(again.filter(needsState), [{ stack: "hosts/s7", needs: "state" }]);
    const seven = requests[7] ?? assert.fail();
    assert.deepEqual((await reportOf(prober, seven)).differences, [{ urn: urnOf("f3"), paths: ["content"] }]);
    assert.equal(readFileSync(path.join(folder, "hosts/s7/f3"), "utf8"), "by hand", "it never writes");
  });

  test("a host that does not answer is silent and no drift, costs one deadline, and holds up nobody", async () => {
    const port = await freePort();
    const dead = { host: "127.0.0.1", port, user: "nobody", hostKey: connection["hostKey"] };
    const file = write("alive/a", "a");
    const mixed = {
      stack: "hosts/mixed",
      version: 1,
      resources: [fileAt(dead, "/b", "b"), fileAt(connection, file, "x")],
    };
    const alive = { stack: "hosts/alive", version: 1, resources: [fileAt(connection, file, "a")] };
    const own = newProber({ ...PROBE_LIMITS, retryMs: 1_000_000, retryMostMs: 1_000_000 });
    const answers = await ask(own, mixed, alive);
    const silent = (all: readonly ProbeAnswer[]): ProbeReport => {
      const found = all.find(({ stack }) => stack === "hosts/mixed");
      return found && !needsState(found) ? found : assert.fail();
    };
    const report = silent(answers);
    assert.equal(report.silent.length, 1);
    assert.equal(report.silent[0]?.host, `ssh://nobody@127.0.0.1:${port}`);
    assert.match(report.silent[0]?.why ?? "", /cannot be reached/);
    assert.deepEqual(report.differences, [{ urn: urnOf("a"), paths: ["content"] }]);
    assert.deepEqual(
      silent(await ask(own, { stack: "hosts/mixed", version: 1 })),
      report,
      "not asked again yet",
    );
  });

  test("a host that is back is asked for again", async () => {
    const other = await startSshd();
    try {
      const { port, user, identityFile, hostKey } = other;
      const there = { host: "127.0.0.1", port, user, identityFile, hostKey };
      const closed = { ...there, port: await freePort() };
      const eager = newProber({ ...PROBE_LIMITS, retryMs: 0, retryMostMs: 0 });
      const file = write("back/a", "a");
      const request = { stack: "hosts/back", version: 1 };
      assert.equal(
        (await reportOf(eager, { ...request, resources: [fileAt(closed, file, "a")] })).silent.length,
        1,
      );
      const open = { ...request, version: 2, resources: [fileAt(there, file, "a")] };
      assert.deepEqual(await reportOf(eager, open), {
        ...request,
        version: 2,
        watched: 1,
        differences: [],
        silent: [],
      });
    } finally {
      await other.stop();
    }
  });
});

test("the controller's side brings a state only where it is needed, also after its process died", async () => {
  const env = { PATH: process.env["PATH"] ?? "", HOME: process.env["HOME"] ?? "/" };
  const client = createProviderHostClient({ base: folder, env });
  try {
    write("client/a", "a");
    let brought: string[] = [];
    const target = (stack: string, resources: readonly StateResource[]) => ({
      stack,
      version: 1,
      resources: async () => {
        brought.push(stack);
        return { ok: true, value: resources } as const;
      },
    });
    const targets = [
      target("hosts/client", [fileAt(box("client"), "/a", "a")]),
      target("cluster/prod", [{ ...fileAt(box("client"), "/a", "b"), type: "kubernetes:core/v1:Pod" }]),
      { stack: "hosts/unreadable", version: 1, resources: async () => unreadable },
    ];
    const look = async (): Promise<readonly ProbeReport[]> => {
      brought = [];
      const reports: ProbeReport[] = [];
      await client.probe(targets, report => reports.push(report));
      return reports.toSorted((a, b) => (a.stack < b.stack ? -1 : 1));
    };
    const expected = [
      { stack: "cluster/prod", version: 1, watched: 0, differences: [], silent: [] },
      { stack: "hosts/client", version: 1, watched: 1, differences: [], silent: [] },
    ];
    assert.deepEqual(await look(), expected);
    assert.deepEqual(brought.toSorted(), ["cluster/prod", "hosts/client"]);
    assert.deepEqual(await look(), expected);
    assert.deepEqual(brought, []);
    process.kill(client.pid() ?? assert.fail("no process"), "SIGKILL");
    assert.deepEqual(await look(), expected);
    assert.deepEqual(brought, ["hosts/client"]);
  } finally {
    await client.stop();
  }
});

const unreadable = {
  ok: false,
  failure: { kind: "stalled", reason: "state-unreadable", why: "a test", hint: "none" },
} as const;
