/** Programs are untrusted code: what they must not reach, tried by one that tries, at plan time. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { fileProgram, project, settings } from "../support/estate.ts";
import { openStage, type Stage } from "../support/holdfast.ts";
import { temporaryFolder, testKey } from "../support/secrets.ts";

const isRoot = process.getuid?.() === 0;
const SPY = readFileSync(path.resolve(import.meta.dirname, "../fixtures/hostile/index.mjs"), "utf8");
/** Seconds that nobody else sleeps. */
const SLEEP = `86339.${process.pid}`;

type Report = Readonly<Record<string, { readonly got?: unknown; readonly refused?: string }>>;

async function listen(t: TestContext): Promise<number> {
  const server = createServer((_request, answer) => answer.end("open"));
  t.after(() => server.close());
  await new Promise<void>(resolve => server.listen(0, "0.0.0.0", resolve));
  return (server.address() as AddressInfo).port;
}

const ownAddress = (): string =>
  Object.values(os.networkInterfaces())
    .flat()
    .find(found => found?.family === "IPv4" && !found.internal)?.address ?? "127.0.0.2";

function readReport(failure: unknown): Report {
  const text = JSON.stringify(failure);
  const found = /REPORT ([A-Za-z0-9+/=]+) END/.exec(text)?.[1];
  assert.ok(found, `the program did not come to its end: ${text}`);
  return JSON.parse(Buffer.from(found, "base64").toString()) as Report;
}

function targetsOf(stage: Stage, more: { key: string; port: number; first: string }): unknown {
  const { data } = stage;
  const { state, providers } = stage.holdfast().pids();
  const statePort = Number(new URL(stage.holdfast().stateUrl).port);
  const { key, port, first } = more;
  const at = (name: string): string => path.join(data, name);
  const shm = readdirSync("/dev/shm").find(name => name.startsWith("holdfast-")) ?? "none";
  return {
    read: {
      "the data folder": data,
      "the database": at("holdfast.db"),
      "state.key": at("state.key"),
      "the mirror": at("source"),
      "all checkouts": at("source/checkouts"),
      "another checkout": at(`source/checkouts/${first}`),
      "the age key": key,
      "files of runs": path.join("/dev/shm", shm),
      passwords: "/etc/shadow",
    },
    write: {
      "its own checkout": ".",
      "shared packages": path.dirname(path.dirname(require_("@pulumi/pulumi/package.json"))),
      "compiled code": at("compile-cache"),
      "the daemon's programs": path.resolve(import.meta.dirname, "../../src/program/worker"),
      "the machine's programs": "/usr/local/bin",
      "settings of the machine": "/etc",
      "its door": "/run/holdfast",
      "the data folder": data,
    },
    pids: { "the daemon": process.pid, "the state service": state, "the provider host": providers },
    dial: {
      "the state service": { host: "127.0.0.1", port: statePort },
      "the state service by name": { host: "localhost", port: statePort },
      "the state service by another name": { host: "localhost.", port: statePort },
      "the state service as IPv6": { host: "::ffff:127.0.0.1", port: statePort },
      "the state service as nobody": { host: "0.0.0.0", port: statePort },
      "this machine by its address": { host: ownAddress(), port },
      "the cloud's metadata": { host: "169.254.169.254", port: 80 },
    },
    socket: at("daemon.sock"),
    ports: listeningPorts(),
    http: port,
    local: `http://${ownAddress()}:${port}/`,
    sleep: SLEEP,
  };
}

const require_ = (name: string): string => path.resolve(import.meta.dirname, "../../node_modules", name);

/** Of the whole machine, the provider host's among them: proc(5), local address in the second column, state 0A. */
const listeningPorts = (): number[] =>
  readFileSync("/proc/net/tcp", "utf8")
    .split("\n")
    .map(line => line.trim().split(/\s+/))
    .filter(([, , , state]) => state === "0A")
    .map(([, local = ""]) => Number.parseInt(local.split(":")[1] ?? "", 16));

const commandLines = (): string[] =>
  readdirSync("/proc")
    .filter(name => /^\d+$/.test(name))
    .map(pid => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
      } catch {
        return ""; // ended meanwhile
      }
    });

test("a program reaches nothing but its own", { skip: !isRoot && "needs root" }, async t => {
  const folder = temporaryFolder(t);
  const key = await testKey(folder);
  const port = await listen(t);
  const stage = await openStage(t, {
    env: { SOPS_AGE_KEY_FILE: key.file, CANARY: "of-the-daemon" },
    files: box => ({
      ...settings(),
      ...project("quiet", fileProgram(box, { a: "1" }), 'config:\n  quiet:word: "other-secret"\n'),
    }),
  });
  assert.equal((await stage.sync("quiet/dev")).outcome, "converged");
  const first = stage.repository.head();
  stage.commit({
    ...project("spy", SPY),
    "spy/targets.json": JSON.stringify(targetsOf(stage, { key: key.file, port, first })),
  });
  const run = await stage.plan("spy/dev");
  const report = readReport(run);
  const got = Object.entries(report).filter(([, found]) => "got" in found);
  // Names of folders on the way to its own checkout and to compiled code, and nothing beside them.
  assert.deepEqual(Object.fromEntries(got), {
    "read the data folder": { got: ["compile-cache", "source"] },
    "read the mirror": { got: ["checkouts"] },
    "read all checkouts": { got: [stage.repository.head()] },
  });
  assert.ok(Object.keys(report).length > 40, `only ${Object.keys(report).length} attempts`);

  await t.test("nor leaves a process behind", () => {
    assert.deepEqual(
      commandLines().filter(line => line.includes(SLEEP)),
      [],
    );
  });
  await t.test("and the others go on", async () => {
    assert.equal((await stage.sync("quiet/dev")).outcome, "converged");
  });
});
