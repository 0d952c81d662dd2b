/** Health checks on hosts that have neither curl nor wget. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, symlink } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { checkScript } from "../../../../src/providers/host/health.ts";

const run = promisify(execFile);
const addresses = Object.values(networkInterfaces()).flatMap(list => list?.map(({ address }) => address));
const withoutIpv6 = addresses.includes("::1") ? false : "this machine has no ::1";

describe("a host with bash alone", () => {
  let tools: string;
  let server: Server;
  const asked: (string | undefined)[] = [];
  async function serve(address: string): Promise<Server> {
    const made = createServer((request, response) => {
      asked.push(request.url);
      response.writeHead(request.url === "/gone" ? 404 : 204).end();
    }).listen(0, address);
    await once(made, "listening");
    return made;
  }
  before(async () => {
    tools = await mkdtemp(path.join(tmpdir(), "holdfast-health-"));
    for (const tool of ["bash", "timeout"]) {
      const { stdout } = await run("/bin/sh", ["-c", `command -v ${tool}`]);
      await symlink(stdout.trim(), path.join(tools, tool));
    }
    server = await serve("127.0.0.1");
  });
  after(async () => {
    server.close();
    await rm(tools, { recursive: true, force: true });
  });
  const check = (rest: string, of = server, name = "127.0.0.1") => {
    const { port } = of.address() as AddressInfo;
    const script = checkScript({ url: `http://${name}:${port}${rest}`, within: 5 });
    return run("/bin/sh", ["-c", script], { env: { PATH: tools } });
  };

  test("asks for just what the address says", async () => {
    for (const rest of ["", "/", "/ready", "/a/b?c=/d"]) await check(rest);
    assert.deepEqual(asked.splice(0), ["/", "/", "/ready", "/a/b?c=/d"]);
  });

  test("asks at a name, and at an address of IPv6", { skip: withoutIpv6 }, async t => {
    const other = await serve("::1");
    t.after(() => other.close());
    await check("/named", server, "localhost");
    await check("/six", other, "[::1]");
    assert.deepEqual(asked.splice(0), ["/named", "/six"]);
  });

  test("takes an error for one, and says which", async () => {
    await assert.rejects(check("/gone"), { code: 1, stdout: /\/gone answered 404/ });
  });
});
