/** Programs are untrusted code: what they must not reach, tried by one that tries, at plan time. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { fileProgram, project, settings } from "../support/estate.ts";
import { openStage, type Stage } from "../support/holdfast.ts";
import { temporaryFolder, testKey } from "../support/secrets.ts";

const isRoot = process.getuid?.() === 0;
const hostile = (name: string): string =>
  readFileSync(path.resolve(import.meta.dirname, "../fixtures/hostile", name), "utf8");
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
  assert.ok(found, `what was to try did not come to its end: ${text}`);
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
      "the mirror": at("source"),
      "all checkouts": at("source/checkouts"),
      "another checkout": at(`source/checkouts/${first}`),
      "the age key": key,
      "files of runs": path.join("/dev/shm", shm),
      passwords: "/etc/shadow",
      ...Object.fromEntries(readdirSync(data).map(name => [`${name} of the data folder`, at(name)])),
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

/** What the data folder may have besides: keys of an older and of this holdfast. */
const KEYS = ["state.key", "age-key.txt"];

/** `got` of each attempt that got something. */
function gains(report: Report): unknown {
  assert.ok(Object.keys(report).length > 50, `only ${Object.keys(report).length} attempts`);
  return Object.fromEntries(Object.entries(report).filter(([, found]) => "got" in found));
}

test(
  "a program reaches nothing but its own, nor does its dynamic provider",
  { skip: !isRoot && "needs root" },
  async t => {
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
    for (const name of KEYS) writeFileSync(path.join(stage.data, name), "of the daemon");
    const targets = JSON.stringify(targetsOf(stage, { key: key.file, port, first }));
    const files = (name: string) => ({
      [`${name}/attempts.cjs`]: hostile("attempts.cjs"),
      [`${name}/targets.json`]: targets,
    });
    stage.commit({
      ...project("spy", hostile("index.mjs")),
      ...files("spy"),
      ...project("dynamic", hostile("dynamic.mjs")),
      ...files("dynamic"),
    });
    // Names of folders on the way to its own checkout and to compiled code, and nothing beside them.
    const way = {
      "read the data folder": { got: ["compile-cache", "source"] },
      "read source of the data folder": { got: ["checkouts"] },
      "read the mirror": { got: ["checkouts"] },
      "read all checkouts": { got: [stage.repository.head()] },
    };
    for (const stack of ["spy/dev", "dynamic/dev"]) {
      const report = readReport(await stage.plan(stack));
      const cache = report["read compile-cache of the data folder"];
      // Of the one SDK that they all have.
      assert.match(JSON.stringify(cache), /^\{"got":\["[0-9a-f]{16}"\]\}$/);
      assert.deepEqual(gains(report), {
        ...way,
        ...(cache && { "read compile-cache of the data folder": cache }),
      });
    }

    await t.test("nor leaves a process behind", () => {
      assert.deepEqual(
        commandLines().filter(line => line.includes(SLEEP)),
        [],
      );
    });
    await t.test("and the others go on", async () => {
      assert.equal((await stage.sync("quiet/dev")).outcome, "converged");
    });
  },
);
