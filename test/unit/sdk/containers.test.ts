/** Containers and sites of nginx as a program says them: what reaches the provider, and mistakes at their line. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import type pulumi from "@pulumi/pulumi";

const root = path.resolve(import.meta.dirname, "../../..");
type Arguments = Record<string, unknown>;
type Made = pulumi.Resource & Record<string, pulumi.Output<unknown>>;
type Constructor = new (name: string, args: Arguments) => Made;

let folder: string;
let sdk: Record<"Container" | "NginxSite", Constructor>;
let engine: typeof pulumi;
const seen = new Map<string, Arguments>();

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "holdfast-sdk-"));
  const tsc = path.join(root, "node_modules/typescript/bin/tsc");
  execFileSync(process.execPath, [tsc, "-p", path.join(root, "src/sdk/tsconfig.json"), "--outDir", folder]);
  await mkdir(path.join(folder, "node_modules"));
  for (const name of ["@pulumi", "liquidjs"])
    await symlink(path.join(root, "node_modules", name), path.join(folder, "node_modules", name));
  await mkdir(path.join(folder, "app"));
  await writeFile(path.join(folder, "app/Dockerfile"), "FROM scratch\n");
  await writeFile(path.join(folder, "app.tar"), "an image");
  const load = createRequire(path.join(folder, "host.js"));
  engine = load("@pulumi/pulumi") as typeof pulumi;
  await engine.runtime.setMocks({
    newResource(args) {
      seen.set(args.name, args.inputs as Arguments);
      return { id: args.name, state: args.inputs as Arguments };
    },
    call: () => ({}),
  });
  sdk = load("./host.js") as typeof sdk;
});
after(() => rm(folder, { recursive: true, force: true }));

/** How a secret travels to the engine. */
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";

const connection = "ssh://deploy@frodo";
const valueOf = (output: pulumi.Output<unknown> | undefined): Promise<unknown> =>
  new Promise(resolve => output?.apply(resolve));
const container = (name: string, args: Arguments): Made => new sdk.Container(name, { connection, ...args });

test("a container is called as its resource, and its ports are addresses that others can call", async () => {
  const app = container("app", {
    image: "app:1",
    ports: {
      a: "127.0.0.1:8080:80",
      b: "8081:80/tcp",
      c: "0.0.0.0:8082:80",
      d: "[::1]:8083:80",
      e: "[::]:8084:80",
    },
  });
  assert.deepEqual(await valueOf(app["ports"]), {
    a: "127.0.0.1:8080",
    b: "127.0.0.1:8081",
    c: "127.0.0.1:8082",
    d: "[::1]:8083",
    e: "[::1]:8084",
  });
  assert.equal(seen.get("app")?.["name"], "app");
  assert.deepEqual((seen.get("app")?.["ports"] as Arguments)["b"], "8081:80/tcp");
});

test("a site takes the port of a container, whose address it is", async () => {
  const app = container("behind", { image: "app:1", ports: { http: "127.0.0.1:8080:80" } });
  const ports = app["ports"] as pulumi.Output<Record<string, string>>;
  const site = new sdk.NginxSite("front", {
    connection,
    serverName: "a.org",
    proxyTo: ports.apply(({ http }) => http),
  });
  assert.equal(await valueOf(site["proxyTo"]), "127.0.0.1:8080");
  assert.deepEqual(
    [seen.get("front")?.["name"], seen.get("front")?.["proxyTo"]],
    ["front", "127.0.0.1:8080"],
  );
});

test("secrets, logins and keys of certificates are kept as secrets without being asked for", async () => {
  container("guarded", {
    image: "a",
    secrets: { key: "k" },
    logins: { "r.example.org": { username: "u", password: "p" } },
  });
  const tls = { certificateFile: "/c", key: "-----BEGIN PRIVATE KEY-----" };
  const site = new sdk.NginxSite("tls", { connection, serverName: "a.org", root: "/srv", tls });
  await valueOf(site["urn"]);
  const given = [seen.get("guarded")?.["secrets"], seen.get("guarded")?.["logins"], seen.get("tls")?.["tls"]];
  for (const value of given) assert.equal((value as Arguments)[SIGNATURE], SECRET);
});

test("an archive and a folder to build are named with their digests", async () => {
  const archived = container("archive", { archive: path.join(folder, "app.tar") });
  const built = container("built", { build: { folder: path.join(folder, "app"), args: { A: "1" } } });
  await Promise.all([valueOf(archived["urn"]), valueOf(built["urn"])]);
  const archive = seen.get("archive")?.["archive"] as Arguments;
  assert.equal(archive["digest"], createHash("sha256").update("an image").digest("hex"));
  const build = seen.get("built")?.["build"] as Arguments;
  assert.match(String(build["digest"]), /^[0-9a-f]{64}$/);
  assert.deepEqual(build["args"], { A: "1" });
});

for (const [what, make, wanted] of [
  [
    "a property that does not exist",
    () => container("x", { image: "a", port: 1 }),
    /Container "x": port is not known/,
  ],
  ["no image", () => container("x", {}), /Container "x": image missing: give image, archive or build/],
  [
    "two images",
    () => container("x", { image: "a", build: "b" }),
    /Container "x": build and image are both given/,
  ],
  [
    "a name that no unit has",
    () => container("my app", { image: "a" }),
    /Container "my app": name must be a name/,
  ],
  [
    "an archive that is not there",
    () => container("x", { archive: "none.tar" }),
    /archive none\.tar cannot be read \(ENOENT\); it is looked for at/,
  ],
  [
    "a folder without a Containerfile",
    () => container("x", { build: tmpdir() }),
    /build .* has no Containerfile and no Dockerfile/,
  ],
  [
    "a typing mistake in build",
    () => container("x", { build: { folder: "a", file: "b" } }),
    /build\.file is not known/,
  ],
  [
    "a port",
    () => container("x", { image: "a", ports: { http: "eighty" } }),
    /Container "x": ports\.http must be/,
  ],
  [
    "a hostile server name",
    () => new sdk.NginxSite("x", { connection, serverName: "a; }", root: "/srv" }),
    /NginxSite "x": serverName must be/,
  ],
  [
    "nothing to serve",
    () => new sdk.NginxSite("x", { connection, serverName: "a.org" }),
    /NginxSite "x": proxyTo missing/,
  ],
] as const)
  test(`an error at its line: ${what}`, () => assert.throws(make, wanted));
