/** One dead target leaves the others going: what is behind it is unknown until it is back. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { test } from "node:test";
import { fileProgram, project, settings } from "../support/estate.ts";
import { openStage } from "../support/holdfast.ts";
import { noSshd, startSshd } from "../support/sshd.ts";

/** A way to a port that can be cut and mended: while it is cut, connections are refused. */
async function openWay(to: number): Promise<{ port: number; cut(): Promise<void>; mend(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const server = createServer(near => {
    const far = connect(to, "127.0.0.1");
    for (const socket of [near, far]) {
      sockets.add(socket);
      // The other side may go first; either end means the end of both.
      socket.on("error", () => undefined).on("close", () => (near.destroy(), far.destroy()));
    }
    near.pipe(far).pipe(near);
  });
  const listen = async (port: number): Promise<void> => {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
  };
  await listen(0);
  const { port } = server.address() as AddressInfo;
  return {
    port,
    mend: () => listen(port),
    async cut() {
      server.close();
      sockets.forEach(socket => socket.destroy());
      sockets.clear();
      await once(server, "close");
    },
  };
}

test("a dead target leaves the others going", { skip: noSshd }, async t => {
  const sshd = await startSshd();
  t.after(() => sshd.stop());
  const way = await openWay(sshd.port);
  const remote = {
    host: "127.0.0.1",
    port: way.port,
    user: sshd.user,
    identityFile: sshd.identityFile,
    hostKey: sshd.hostKey,
  };
  const far = (box: string, content: string): string =>
    `new File("far", { connection: ${JSON.stringify(remote)}, path: ${JSON.stringify(`${box}/far`)}, content: "${content}" });`;
  const stage = await openStage(t, {
    files: box => ({ ...settings(), ...project("pair", fileProgram(box, { near: "one" }, far(box, "one"))) }),
  });
  t.after(() => way.cut());
  const { box } = stage;
  const both = () => [box.read("near"), box.read("far")];

  await t.test("both are made", async () => {
    const run = await stage.sync("pair/dev");
    assert.equal(run.outcome, "converged", JSON.stringify(run.failure));
    assert.deepEqual(both(), ["one", "one"]);
  });

  await t.test("with one of them dead, the other is changed and the dead one is unknown", async () => {
    await way.cut();
    stage.commit({ "pair/index.mjs": fileProgram(box.folder, { near: "two" }, far(box.folder, "two")) });
    const run = await stage.sync("pair/dev");
    assert.deepEqual(both(), ["two", "one"], JSON.stringify(run.failure));
    assert.equal(run.failure?.reason, "host-unreachable", JSON.stringify(run.failure));
    const status = await stage.status("pair/dev");
    assert.deepEqual(
      status.unknown.map(({ urn }) => urn.split("::").at(-1)),
      ["far"],
    );
    assert.notEqual(status.deployed?.sha, stage.repository.head());
    assert.ok(status.retryAt);
  });

  await t.test("a check looks at what is alive", async () => {
    box.write("near", "by hand");
    assert.equal((await stage.check("pair/dev")).outcome, "drifted");
    assert.equal((await stage.status("pair/dev")).unknown.length, 1);
  });

  await t.test("and once it is back, all converges", async () => {
    await way.mend();
    const run = await stage.sync("pair/dev");
    assert.equal(run.outcome, "converged", JSON.stringify(run.failure));
    assert.deepEqual(both(), ["two", "two"]);
    const status = await stage.status("pair/dev");
    assert.deepEqual([status.unknown, status.deployed?.sha], [[], stage.repository.head()]);
  });
});
