/** Ports, runs, cancel, and the process that may die. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import type { StateResource } from "../../../src/engine/ports/state.ts";
import { createProviderHostClient, type ProviderHostClient } from "../../../src/providers/client.ts";
import { createCalls } from "../../../src/providers/grpc/scope.ts";
import { createProviderHost, type LocalProviderHost } from "../../../src/providers/provider-host.ts";
import { freePort } from "../../support/sshd.ts";
import { engineSide, urnOf } from "./engine-side.ts";

let folder: string;
let host: LocalProviderHost;
let client: ProviderHostClient;
const allowed = new Set<string>();
const env = { PATH: process.env["PATH"] ?? "", HOME: process.env["HOME"] ?? "/" };
const restarts: string[] = [];

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "holdfast-providers-"));
  const mayMutate = async (_run: string, urn: string): Promise<boolean> => allowed.has(urn);
  host = createProviderHost({ base: folder, mayMutate });
  client = createProviderHostClient({ base: folder, env, mayMutate, onRestart: why => restarts.push(why) });
});
after(async () => {
  await host.closeAll();
  await client.stop();
  await rm(folder, { recursive: true, force: true });
});

const inputs = (content: string) => ({ connection: { local: true, root: "root" }, path: "/file", content });
const portOf = (attach: string): number => Number(attach.split(":")[1]);

async function opened(runId: string): Promise<number> {
  const access = await client.open({ runId, stack: "hosts/dev", organization: "organization" });
  assert.ok(access.ok);
  assert.match(access.value.attach, /^holdfast:\d+$/);
  return portOf(access.value.attach);
}

test("a port accepts the URNs of its run's stack and no others", async () => {
  const engine = engineSide(await host.open({ runId: "a", stack: "hosts/dev" }));
  for (const stack of ["hosts/prod", "other/dev"]) {
    const urn = urnOf("holdfast:host:File", "x", stack);
    await assert.rejects(engine.check(urn, inputs("x")), /belongs to a run of hosts\/dev/);
    await assert.rejects(engine.read(urn, "/file", inputs("x")), /belongs to a run/);
    await assert.rejects(engine.delete(urn, "/file", inputs("x")), /belongs to a run/);
  }
  await assert.rejects(engine.check("nonsense", inputs("x")), /not a URN/);
  await assert.rejects(
    engine.check(urnOf("holdfast:host:Nothing"), {}),
    /has no resource holdfast:host:Nothing/,
  );
  engine.close();
  await host.close("a");
});

test("what was not begun is not changed; reading and previews go on", async () => {
  const engine = engineSide(await host.open({ runId: "b", stack: "hosts/dev" }));
  const urn = urnOf("holdfast:host:File", "guarded");
  await assert.rejects(engine.create(urn, inputs("x")), /may not be changed now/);
  await engine.create(urn, inputs("x"), true);
  await engine.read(urn, "/file", inputs("x"));
  allowed.add(urn);
  await engine.create(urn, inputs("x"));
  allowed.delete(urn);
  await assert.rejects(engine.delete(urn, "/file", inputs("x")), /may not be changed now/);
  assert.equal(await readFile(path.join(folder, "root/file"), "utf8"), "x");
  engine.close();
  await host.close("b");
});

test("cancel ends the calls in flight and none after", async () => {
  const calls = createCalls();
  const aborted = calls.run(
    signal => new Promise(resolve => signal.addEventListener("abort", () => resolve("aborted"))),
  );
  calls.cancel();
  assert.equal(await aborted, "aborted");
  assert.equal(await calls.run(async signal => signal.aborted), false);
});

test("a port stays usable after the cancel that ends every operation", async () => {
  const engine = engineSide(await host.open({ runId: "c", stack: "hosts/dev" }));
  await engine.cancel();
  await engine.read(urnOf("holdfast:host:File"), "/file", inputs("x"));
  engine.close();
  await host.close("c");
});

test("after a close the port answers nobody", async () => {
  const port = await host.open({ runId: "d", stack: "hosts/dev" });
  await host.close("d");
  const engine = engineSide(port);
  await assert.rejects(engine.cancel(), /UNAVAILABLE|ECONNREFUSED/);
  engine.close();
});

test("a symlink in a local root does not lead out of it", async () => {
  const { symlink, mkdir } = await import("node:fs/promises");
  await mkdir(path.join(folder, "jail"), { recursive: true });
  await symlink(tmpdir(), path.join(folder, "jail/out"));
  await symlink("/nowhere/at/all", path.join(folder, "jail/dangling"));
  const engine = engineSide(await host.open({ runId: "e", stack: "hosts/dev" }));
  const urn = urnOf("holdfast:host:File", "jailed");
  allowed.add(urn);
  const jailed = (file: string) => ({ connection: { local: true, root: "jail" }, path: file, content: "x" });
  await assert.rejects(engine.create(urn, jailed("/out/escaped")), /leads out of/);
  await assert.rejects(engine.read(urn, "/out/x", jailed("/out/x")), /leads out of/);
  await assert.rejects(engine.delete(urn, "/out/x", jailed("/out/x")), /leads out of/);
  await assert.rejects(engine.create(urn, jailed("/dangling/x")), /leads nowhere/);
  const { failures } = await engine.check(urn, jailed("/a/../../etc/passwd"));
  assert.deepEqual(
    failures.map(({ property }) => property),
    ["path"],
  );
  engine.close();
  await host.close("e");
});

test("the process serves a run, asks before it changes anything, and ends with its controller", async () => {
  const engine = engineSide(await opened("f"));
  const urn = urnOf("holdfast:host:File", "remote");
  await assert.rejects(engine.create(urn, inputs("y")), /may not be changed now/);
  allowed.add(urn);
  await engine.create(urn, inputs("y"));
  assert.equal(await readFile(path.join(folder, "root/file"), "utf8"), "y");
  engine.close();
  await client.close("f");
});

test("a process that is killed comes back with the same ports, and nothing that was asked is lost", async () => {
  const port = await opened("g");
  const other = await opened("h");
  const before = restarts.length;
  process.kill(client.pid() ?? 0, "SIGKILL");
  const during = opened("i");
  await during;
  assert.equal(restarts.length, before + 1);
  for (const alive of [port, other, await during]) {
    const engine = engineSide(alive);
    await engine.read(urnOf("holdfast:host:File"), "/file", inputs("x"));
    engine.close();
  }
  await Promise.all(["g", "h", "i"].map(run => client.close(run)));
});

test("only the resources behind a connection that does not answer are unreachable", async () => {
  const resource = (name: string, type: string, connection: unknown): StateResource => {
    const urn = urnOf(type, name);
    return { urn, type, custom: true, inputs: { connection, path: "/x" }, outputs: {} };
  };
  const dead = { host: "127.0.0.1", port: await freePort(), knownHostsFile: "/dev/null" };
  const wrapped = {
    "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
    plaintext: JSON.stringify(dead),
  };
  const answer = await client.unreachable([
    resource("local", "holdfast:host:File", { local: true, root: "root" }),
    resource("dead", "holdfast:host:File", dead),
    resource("folder", "holdfast:host:Directory", dead),
    resource("secret", "holdfast:host:File", wrapped),
    resource("other", "random:index:Id", dead),
  ]);
  const names = answer.map(({ urn }) => urn.split("::").at(-1));
  assert.deepEqual(names.sort(), ["dead", "folder", "secret"]);
  assert.match(answer[0]?.why ?? "", /cannot be reached: .*refused/);
});
