/** Archives unpacked on a real host: made, changed, found by hand and put back, imported, deleted; what goes wrong on the way. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import type { ValueMap } from "../../src/providers/grpc/value.ts";
import { noHosts, startHost, type LoneHost } from "../support/hosts/hosts.ts";
import { openDesk, type Desk, type Resources } from "../support/hosts/resources.ts";

const skip = noHosts;
let host: LoneHost;
let desk: Desk;
const on = (type: string): Resources => desk.on({ ...host.as("deploy"), sudo: true }, type);

before(async () => {
  if (skip !== false) return;
  [host, desk] = await Promise.all([startHost("archives"), openDesk()]);
});
after(async () => {
  await desk?.close();
  await host?.stop();
});

const run = async (script: string): Promise<string> => (await host.run(script)).trim();

describe("Archive", { skip }, () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), "holdfast-archive-"));
    mkdirSync(path.join(folder, "tool-1/bin"), { recursive: true });
    writeFileSync(path.join(folder, "tool-1/bin/tool"), "#!/bin/sh\necho one\n", { mode: 0o755 });
    writeFileSync(path.join(folder, "tool-1/it's a file"), "text\n");
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  function pack(name: string, ...options: string[]): string {
    execFileSync("tar", ["-C", folder, "-c", ...options, "-f", path.join(folder, name), "tool-1"]);
    return readFileSync(path.join(folder, name)).toString("base64");
  }
  const sumOf = (base64: string): string =>
    execFileSync("sha256sum", { input: Buffer.from(base64, "base64"), encoding: "utf8" }).slice(0, 64);

  test("create, change, drift by hand, delete", async () => {
    const archives = on("Archive");
    const wanted = { path: "/opt/tool", contentBase64: pack("t.tar.gz", "-z"), format: "tar.gz", strip: 1 };
    const made = await archives.create({ ...wanted, owner: "www-data" });
    assert.equal(made.inputs["checksum"], sumOf(wanted.contentBase64));
    assert.equal(
      await run("/opt/tool/bin/tool; stat -c %U /opt/tool/bin/tool; ls -A /opt"),
      "one\nwww-data\ntool",
    );
    assert.deepEqual(await archives.drift(made), []);
    const byHand = [
      "echo 'echo two' >> /opt/tool/bin/tool",
      "chmod 700 /opt/tool/bin/tool",
      "chown root /opt/tool/bin",
      'rm "/opt/tool/it\'s a file"',
      "touch /opt/tool/added",
      "rm -r /var/lib/holdfast/archives",
    ];
    for (const script of byHand) {
      await run(script);
      assert.deepEqual(await archives.drift(made), ["checksum"], script);
      await archives.repair(made);
      assert.deepEqual(await archives.drift(made), [], script);
    }
    await run("touch /opt/tool/added");
    assert.match(
      JSON.stringify((await archives.read(made))?.inputs["checksum"]),
      /changed on the host: added/,
    );
    await run("rm -r /opt/tool");
    assert.equal(await archives.read(made), undefined);
    await archives.repair(made);
    writeFileSync(path.join(folder, "tool-1/bin/tool"), "#!/bin/sh\necho two\n");
    const next = await archives.update(made, { ...wanted, contentBase64: pack("t2.tar.gz", "-z") });
    assert.equal(await run("/opt/tool/bin/tool; stat -c %U /opt/tool/bin/tool"), "two\nroot");
    await archives.delete(next);
    assert.equal(await run("ls -A /opt; find /var/lib/holdfast/archives -type f"), "");
  });

  test("every format; without strip the top folder stays", async () => {
    const archives = on("Archive");
    for (const [format, ...options] of [
      ["tar"],
      ["tar.xz", "-J"],
      ["tar.bz2", "-j"],
      ["tar.zst", "--zstd"],
    ] as const) {
      const properties = { path: "/opt/formats", contentBase64: pack(`f.${format}`, ...options), format };
      const tool = { "tar.xz": "xz", "tar.bz2": "bzip2", "tar.zst": "zstd", tar: "tar" }[format];
      if ((await run(`command -v ${tool} || :`)) === "") {
        await assert.rejects(archives.create(properties), new RegExp(`${tool} is not on the host: install`));
        continue;
      }
      const made = await archives.create(properties);
      assert.equal(await run('cat "/opt/formats/tool-1/it\'s a file"'), "text", format);
      await archives.delete(made);
    }
  });

  test("what the host fetches is checked before anything of it is unpacked; it is imported by its folder", async () => {
    const archives = on("Archive");
    writeFileSync(path.join(folder, "tool-1/bin/tool"), "#!/bin/sh\necho fetched\n");
    const base64 = pack("fetched.tar.gz", "-z");
    await host.run("base64 -d > /var/www/html/fetched.tar.gz", base64);
    await run("systemctl start nginx");
    const url = "http://127.0.0.1/fetched.tar.gz?token=geheim";
    const wanted = { path: "/opt/fetched", url, checksum: sumOf(base64), strip: 1 };
    const made = await archives.create(wanted);
    assert.equal(made.inputs["format"], "tar.gz");
    assert.deepEqual(await archives.drift(made), []);
    const { connection: _, ...imported } = (await archives.import("/opt/fetched"))?.inputs ?? {};
    assert.deepEqual(imported, { ...wanted, format: "tar.gz" });
    const other = { ...wanted, checksum: "0".repeat(64) };
    await assert.rejects(archives.update(made, other), /not the expected one: its SHA-256 is [0-9a-f]{64}/);
    const missing = { ...wanted, checksum: "0".repeat(64), url: "http://127.0.0.1/none.tar.gz" };
    await assert.rejects(archives.update(made, missing), /could not be fetched/);
    assert.equal(await run("/opt/fetched/bin/tool; ls -A /opt"), "fetched\nfetched");
    assert.deepEqual(await archives.drift(made), []);
    await archives.delete(made);
  });

  test("a folder that it did not make is not replaced, an empty one is", async () => {
    const archives = on("Archive");
    const wanted = { path: "/opt/there", contentBase64: pack("there.tar", "-v"), format: "tar" };
    await run("mkdir /opt/there && touch /opt/there/precious");
    await assert.rejects(archives.create(wanted), /holdfast did not unpack, and it is not empty/);
    assert.equal(await run("ls /opt/there"), "precious");
    await run("rm /opt/there/precious");
    const made = await archives.create(wanted);
    const again = await archives.create(wanted);
    assert.deepEqual(again.inputs, made.inputs, "with its state lost, it is taken over");
    await assert.rejects(archives.create({ ...wanted, strip: 2 }), /no single folder at its top/);
    assert.deepEqual(await archives.drift(made), []);
    await archives.delete(made);
  });

  test("a full disk leaves the old folder, and whoever is cut off is finished by the next", async () => {
    const archives = on("Archive");
    await run("mkdir -p /srv/little && mount -t tmpfs -o size=512k tmpfs /srv/little");
    try {
      const wanted = {
        path: "/srv/little/tool",
        contentBase64: pack("little.tar.gz", "-z"),
        format: "tar.gz",
      };
      const made = await archives.create(wanted);
      writeFileSync(path.join(folder, "tool-1/big"), Buffer.alloc(2_000_000));
      const big = { ...wanted, contentBase64: pack("big.tar.gz", "-z") };
      rmSync(path.join(folder, "tool-1/big"));
      await assert.rejects(archives.update(made, big), /could not be unpacked|No space left/);
      assert.deepEqual(await archives.drift(made), []);
      assert.equal(await run("ls -A /srv/little"), "tool");
      // As a step leaves it that was killed between its two renamings.
      await run(
        'set -- /var/lib/holdfast/archives/*.lock; k=$(basename "$1" .lock); mkdir "/srv/little/.holdfast-unpack-$k" && mv /srv/little/tool "/srv/little/.holdfast-unpack-$k/old"',
      );
      assert.equal(await archives.read(made), undefined);
      await assert.rejects(archives.create(big), /could not be unpacked|No space left/);
      assert.deepEqual(await archives.drift(made), [], "the former one is back");
      await archives.delete(made);
    } finally {
      await run("umount /srv/little");
    }
  });

  test("a login without root unpacks into its own folders", async () => {
    const archives = desk.on(host.as("guest"), "Archive");
    const home = await run("getent passwd guest | cut -d: -f6");
    const wanted = { path: `${home}/tool`, contentBase64: pack("guest.tar.gz", "-z"), format: "tar.gz" };
    const made = await archives.create(wanted);
    assert.equal(await run(`stat -c %U ${home}/tool/tool-1/bin/tool`), "guest");
    await run(`echo >> ${home}/tool/tool-1/bin/tool`);
    assert.deepEqual(await archives.drift(made), ["checksum"]);
    await archives.repair(made);
    assert.deepEqual(await archives.drift(made), []);
    await assert.rejects(archives.create({ ...wanted, path: "/opt/guest" }), /ermission denied/);
    await archives.delete(made);
    assert.equal(await run(`find ${home}/.local/state/holdfast ${home}/tool -type f 2>/dev/null || :`), "");
  });

  test("mistakes name their properties", async () => {
    const archives = on("Archive");
    const flaws = async (properties: ValueMap): Promise<string> =>
      (await archives.flaws(properties)).join("; ");
    assert.match(await flaws({ path: "/opt/x", url: "http://x/y.tar" }), /^checksum missing/);
    assert.match(
      await flaws({ path: "/opt/x", url: "ftp://x/y.tar", checksum: "x" }),
      /checksum must[^]*url must|url must[^]*checksum must/,
    );
    assert.match(
      await flaws({ path: "/opt", contentBase64: "", format: "tar" }),
      /path must not be right below/,
    );
    assert.match(await flaws({ path: "/opt/x", contentBase64: "" }), /format missing/);
    assert.match(await flaws({ path: "/opt/x" }), /url give one of/);
  });
});
