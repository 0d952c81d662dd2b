/** In a folder that stands for a host there are a container's and a site's files, and nothing runs. */
import assert from "node:assert/strict";
import { chmod, mkdtemp, readFile, readlink, rm, stat, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import type { ValueMap } from "../../../../src/providers/grpc/value.ts";
import { createProviderHost, type LocalProviderHost } from "../../../../src/providers/provider-host.ts";
import { engineSide, urnOf, type EngineSide } from "../engine-side.ts";

const CONTAINER = urnOf("holdfast:host:Container");
const SITE = urnOf("holdfast:host:NginxSite");
let folder: string;
let host: LocalProviderHost;
let engine: EngineSide;
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "holdfast-folder-"));
  host = createProviderHost({ base: tmpdir() });
  engine = engineSide(await host.open({ runId: "r", stack: "hosts/dev" }));
});
after(async () => {
  engine.close();
  await host.closeAll();
  await rm(folder, { recursive: true, force: true });
});

const at = (name: string): string => path.join(folder, name);
const modeOf = async (name: string): Promise<string> => ((await stat(at(name))).mode & 0o777).toString(8);

async function created(urn: string, properties: ValueMap) {
  const connection = { local: true, root: folder };
  const { inputs, failures } = await engine.check(urn, { connection, ...properties });
  assert.deepEqual(failures, []);
  return { inputs, ...(await engine.create(urn, inputs)) };
}
const drift = async (urn: string, id: string, inputs: ValueMap): Promise<readonly string[]> => {
  const seen = await engine.read(urn, id, inputs);
  return (await engine.diff(urn, seen.inputs, inputs)).detaileddiffMap.map(([name]) => name);
};

test("a container has a quadlet and its values there, found when changed, and gone when deleted", async () => {
  const properties = {
    name: "app",
    image: "app:1",
    environment: { A: "1", B: "x\ny" },
    secrets: { key: "k" },
  };
  const { id, inputs, state } = await created(CONTAINER, properties);
  const quadlet = "etc/containers/systemd/app.container";
  assert.match(await readFile(at(quadlet), "utf8"), /^Image=app:1$/m);
  assert.equal(await readFile(at("etc/holdfast/containers/app/environment"), "utf8"), "A=1\n");
  assert.equal(await modeOf("etc/holdfast/containers/app/environment"), "600");
  assert.deepEqual(await engine.read(CONTAINER, id, inputs), { id, inputs, state });
  await writeFile(at(quadlet), "meddled");
  await chmod(at("etc/holdfast/containers/app/environment"), 0o644);
  assert.deepEqual((await drift(CONTAINER, id, inputs)).toSorted(), ["environment", "unit"]);
  const next = { ...inputs, environment: { A: "2" } };
  await engine.update(CONTAINER, id, inputs, next);
  assert.deepEqual(await drift(CONTAINER, id, next), []);
  assert.equal(existsSync(at("etc/holdfast/containers/app/environment.blocks")), false);
  await engine.delete(CONTAINER, id, next);
  for (const left of [
    quadlet,
    "etc/holdfast/containers/app/environment",
    "etc/holdfast/containers/app/secrets/key",
  ])
    assert.equal(existsSync(at(left)), false, left);
  assert.equal((await engine.read(CONTAINER, id, next)).id, "");
});

test("a site has Debian's layout there, with its certificate, and is put back", async () => {
  const tls = {
    certificate: "-----BEGIN CERTIFICATE-----\n",
    key: "-----BEGIN PRIVATE KEY-----\n",
    redirect: false,
  };
  const { id, inputs, state } = await created(SITE, { name: "app", serverName: "a.org", root: "/srv", tls });
  assert.equal(await readlink(at("etc/nginx/sites-enabled/app")), "/etc/nginx/sites-available/app");
  assert.equal(await modeOf("etc/holdfast/nginx/app/key.pem"), "600");
  assert.deepEqual(await engine.read(SITE, id, inputs), { id, inputs, state });
  await writeFile(at("etc/nginx/sites-available/app"), "meddled");
  await rm(at("etc/nginx/sites-enabled/app"));
  assert.deepEqual((await drift(SITE, id, inputs)).toSorted(), ["enabled", "file"]);
  await engine.update(SITE, id, inputs, inputs);
  assert.deepEqual(await drift(SITE, id, inputs), []);
  await engine.delete(SITE, id, inputs);
  assert.equal(existsSync(at("etc/nginx/sites-enabled/app")), false);
  assert.equal((await engine.read(SITE, id, inputs)).id, "");
});

for (const [what, properties, wanted] of [
  ["no image", { name: "app" }, "image missing: give image, archive or build"],
  [
    "two images",
    { name: "app", image: "a", archive: { file: { path: "/x" }, digest: "0".repeat(64) } },
    /archive and image are both given/,
  ],
  ["a name for another unit", { name: "app.socket", image: "a" }, /^name must be a name of letters/],
  ["an option as an image", { name: "app", image: "--privileged" }, /^image must be an image/],
  [
    "a port out of range",
    { name: "app", image: "a", ports: { x: "70000:80" } },
    /^ports\.x must hold port numbers/,
  ],
  ["a port without a host's port", { name: "app", image: "a", ports: { x: "80" } }, /^ports\.x must be/],
  ["options in a volume", { name: "app", image: "a", volumes: ["/a:/b:ro,\nz"] }, /^volumes\[0\] must be/],
  [
    "a name of a variable",
    { name: "app", image: "a", environment: { "A=B": "c" } },
    /^environment\.A=B must be a name/,
  ],
  [
    "a variable that podman would pass over",
    { name: "app", image: "a", environment: { A: "x".repeat(40_000) } },
    /^environment\.A is longer than/,
  ],
  [
    "a secret outside of its folder",
    { name: "app", image: "a", secrets: { "../x": "y" } },
    /^secrets\.\.\.\/x must be a name/,
  ],
  [
    "an option of ours",
    { name: "app", image: "a", podmanArgs: ["--name=b"] },
    /^podmanArgs\[0\] holds --name/,
  ],
  [
    "two options in one",
    { name: "app", image: "a", podmanArgs: ["--init --privileged"] },
    /^podmanArgs\[0\] must be one option/,
  ],
  [
    "an empty argument",
    { name: "app", image: "a", command: ["sh", ""] },
    /^command\[1\] must be a text that is not empty/,
  ],
  ["a user with spaces", { name: "app", image: "a", user: "a b" }, /^user must be/],
] as const)
  test(`refused: ${what}`, async () => {
    const connection = { local: true, root: folder };
    const { failures } = await engine.check(CONTAINER, { connection, ...properties });
    assert.match(
      failures.map(({ property, reason }) => `${property} ${reason}`).join("\n"),
      new RegExp(wanted),
    );
  });
