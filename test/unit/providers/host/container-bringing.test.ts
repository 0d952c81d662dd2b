/** What a program brings for an image: packed as tar knows it, sent in pieces, and only what the program itself read. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { lstat, mkdir, mkdtemp, readFile, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { createConnectionPool, type ConnectionPool } from "../../../../src/providers/connection/pool.ts";
import { packFolder } from "../../../../src/providers/host/container/build-folder.ts";
import { fileCargo, ship } from "../../../../src/providers/host/container/ship.ts";
import type { Site } from "../../../../src/providers/host/family.ts";
import { folderDigest } from "../../../../src/sdk/image-source.ts";

let folder: string;
let pool: ConnectionPool;
let site: Site;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "holdfast-bring-"));
  pool = createConnectionPool(folder);
  site = { machine: pool.machine({ kind: "local", root: "/" }), signal: new AbortController().signal };
});
afterEach(async () => {
  await pool.close();
  await rm(folder, { recursive: true, force: true });
});

const at = (name: string): string => path.join(folder, name);
const sha256 = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");
const digestOf = (real: string): string =>
  folderDigest(real, (property, reason) => assert.fail(`${property} ${reason}`));

test("a folder arrives as it was, names of any length, links and executable bits included", async () => {
  const long = `${"deep/".repeat(30)}${"n".repeat(120)}`;
  await mkdir(path.join(at("app"), "deep/".repeat(30)), { recursive: true });
  await mkdir(at("app/empty"));
  await writeFile(at(`app/${long}`), "long");
  await writeFile(at("app/run"), "#!/bin/sh\n", { mode: 0o755 });
  await writeFile(at("app/ünïcode name"), Buffer.from([0, 255]));
  await symlink("x".repeat(200), at("app/link"));
  const packed = await packFolder(at("app"), digestOf(at("app")));
  assert.ok(packed.ok);
  await writeFile(at("app.tar"), packed.value);
  await mkdir(at("out"));
  execFileSync("tar", ["-xf", at("app.tar"), "-C", at("out")]);
  assert.equal(digestOf(at("out")), digestOf(at("app")));
  assert.equal(await readFile(at(`out/${long}`), "utf8"), "long");
  assert.equal((await lstat(at("out/run"))).mode & 0o777, 0o755);
  assert.equal(await readlink(at("out/link")), "x".repeat(200));
});

for (const [what, change] of [
  ["content", "echo x >>run"],
  ["an executable bit", "chmod a-x run"],
  ["a name", "mv run ran"],
  ["one more file", "touch more"],
  ["a link in a file's place", "rm run && ln -s /etc/passwd run"],
  ["a pipe, which nobody waits for", "mkfifo pipe"],
] as const)
  test(`a folder is sent only as the program read it: ${what} makes it another`, async () => {
    await mkdir(at("app"));
    await writeFile(at("app/run"), "#!/bin/sh\n", { mode: 0o755 });
    const digest = digestOf(at("app"));
    execFileSync("sh", ["-c", change], { cwd: at("app") });
    const packed = await packFolder(at("app"), digest);
    assert.match(packed.ok ? "sent" : packed.trouble.message, /is not the folder that the program read/);
  });

test("an archive is sent in pieces, and after a cut-off only what is missing", async () => {
  const bytes = randomBytes(20 * 1024 * 1024);
  await writeFile(at("image.tar"), bytes);
  await mkdir(at("host"));
  await writeFile(at("host/x.tar.part"), bytes.subarray(0, 9_000_000));
  const reads: number[] = [];
  const sent = await fileCargo(at("image.tar"), sha256(bytes), cargo => {
    const read = (offset: number, length: number): Promise<Buffer> => {
      reads.push(offset);
      return cargo.read(offset, length);
    };
    return ship(site, "the image", { ...cargo, read }, at("host/x.tar"));
  });
  assert.ok(sent.ok, sent.ok ? "" : sent.trouble.message);
  assert.ok(bytes.equals(await readFile(at("host/x.tar"))));
  assert.equal(reads[0], 9_000_000);
  assert.ok(!existsSync(at("host/x.tar.part")));
});

test("what arrives with another checksum is thrown away, and comes whole the next time", async () => {
  const bytes = randomBytes(1000);
  await writeFile(at("image.tar"), bytes);
  await writeFile(at("x.tar.part"), Buffer.alloc(500));
  const send = () =>
    fileCargo(at("image.tar"), sha256(bytes), cargo => ship(site, "the image", cargo, at("x.tar")));
  const first = await send();
  assert.match(first.ok ? "" : first.trouble.message, /another checksum/);
  assert.ok((await send()).ok);
  assert.ok(bytes.equals(await readFile(at("x.tar"))));
});

test("nothing is sent of a file that the program did not read, of a link, or of a pipe", async () => {
  await writeFile(at("secret"), "geheim");
  await symlink("secret", at("link"));
  execFileSync("mkfifo", [at("pipe")]);
  const digest = sha256(Buffer.from("geheim"));
  for (const [name, sum] of [
    ["secret", "0".repeat(64)],
    ["link", digest],
    ["pipe", digest],
    ["missing", digest],
  ] as const) {
    const used = await fileCargo(at(name), sum, () => assert.fail(`${name} was used`));
    assert.equal(used.ok, false);
  }
});
