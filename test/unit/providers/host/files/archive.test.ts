/** Rules of archives, how answers of a host are judged, and what a folder that stands for a host makes of them. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { answersOf, keyOf } from "../../../../../src/providers/connection/questions.ts";
import { UNKNOWN, type PlainMap, type ValueMap } from "../../../../../src/providers/grpc/value.ts";
import { unpackScript } from "../../../../../src/providers/host/files/archive-scripts.ts";
import { archive } from "../../../../../src/providers/host/files/archive.ts";
import { formatOf } from "../../../../../src/sdk/shapes/archive.ts";
import { urnOf } from "../../engine-side.ts";
import { startActor, type Actor } from "../targets.ts";

const ARCHIVE = urnOf("holdfast:host:Archive");
const SUM = "a".repeat(64);
const content = Buffer.from("not really one");
const contentBase64 = content.toString("base64");
const contentSum = createHash("sha256").update(content).digest("hex");

test("a format is told by how a name ends; of an address, what follows its path does not count", () => {
  const told = ["a.tgz", "https://x/a.tar.zst?a=b.zip#c.tar", "A.ZIP", "a.tar", "a.gz", "https://x/?a.zip"];
  assert.deepEqual(told.map(formatOf), ["tar.gz", "tar.zst", "zip", "tar", undefined, undefined]);
});

describe("in a folder that stands for a host", () => {
  let folder: string;
  let actor: Actor;
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "holdfast-archive-"));
    const connection = { local: true, root: folder };
    const at = (name: string): string => `/opt/${name}`;
    actor = await startActor({ connection, text: "", system: false, at, real: at });
  });
  after(async () => {
    await actor.close();
    await rm(folder, { recursive: true, force: true });
  });
  const flaws = async (more: ValueMap): Promise<string[]> =>
    (await actor.engine.check(ARCHIVE, actor.inputsOf("x", more))).failures.map(({ property }) => property);

  test("it is passed over", async () => {
    const { inputs, id } = await actor.created("holdfast:host:Archive", "x", {
      contentBase64,
      format: "zip",
    });
    assert.equal(id, "/opt/x");
    assert.equal(inputs["checksum"], contentSum);
    assert.deepEqual((await actor.engine.read(ARCHIVE, id, inputs)).inputs, inputs);
    await actor.engine.delete(ARCHIVE, id, inputs);
    assert.deepEqual(await readdir(folder), []);
  });

  test("mistakes name their properties", async () => {
    assert.deepEqual(await flaws({}), ["url"]);
    assert.deepEqual(await flaws({ url: "https://x/a.zip", contentBase64 }), ["url"]);
    assert.deepEqual(await flaws({ url: "https://x/a.zip" }), ["checksum"]);
    assert.deepEqual(await flaws({ url: "https://x/a", checksum: SUM }), ["format"]);
    assert.deepEqual(await flaws({ url: "file:///a.zip", checksum: SUM }), ["url"]);
    assert.deepEqual(await flaws({ url: 'https://x/".zip', checksum: SUM }), ["url"]);
    assert.deepEqual(await flaws({ contentBase64, format: "zip", checksum: SUM }), ["checksum"]);
    assert.deepEqual(await flaws({ contentBase64, format: "zip", path: "/opt" }), ["path"]);
    assert.deepEqual(await flaws({ contentBase64, format: "rar", strip: -1 }), ["format", "strip"]);
    assert.deepEqual(await flaws({ url: UNKNOWN, checksum: UNKNOWN }), []);
  });
});

describe("what a host answers", () => {
  const properties: PlainMap = {
    path: "/opt/x",
    url: "https://x/a.zip",
    checksum: SUM,
    format: "zip",
    strip: 1,
  };
  const inputs = archive.parse(properties);
  const seen = (output: string): PlainMap | undefined => {
    const [question] = archive.look(inputs);
    const facts = new Map(question ? [[keyOf(question), { code: 0, output }] as const] : []);
    return archive.see(inputs, answersOf(facts, true), properties)?.properties;
  };

  test("the stamp of just this, and nothing else, is what it should be", () => {
    assert.deepEqual(seen(`stamp ${SUM} 1 - -\n`), properties);
    assert.equal(seen("gone\n"), undefined);
  });

  test("another archive, another strip, another owner are told where they differ", () => {
    const { strip: _strip, ...plain } = properties;
    assert.deepEqual(seen(`stamp ${"b".repeat(64)} 1 - -\n`), { ...properties, checksum: "b".repeat(64) });
    assert.deepEqual(seen(`stamp ${SUM} 0 - -\n`), plain);
    assert.deepEqual(seen(`stamp ${SUM} 1 app adm\n`), { ...properties, owner: "app", group: "adm" });
  });

  test("files that were changed are named", () => {
    const changed = seen(`stamp ${SUM} 1 - -\nbin/tool\nlib/a b\n`);
    assert.deepEqual(changed, { ...properties, checksum: "[changed on the host: bin/tool, lib/a b]" });
    assert.match(JSON.stringify(seen("unknown\n")), /it is not known what was unpacked here/);
  });
});

test("what a host without curl says of a failed download does not hold the address", async t => {
  const folder = await mkdtemp(path.join(tmpdir(), "holdfast-fetch-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const tools = path.join(folder, "tools");
  execFileSync("mkdir", [tools]);
  for (const tool of ["mkdir", "flock", "rm", "ls", "cat", "grep"])
    await symlink(
      execFileSync("/bin/sh", ["-c", `command -v ${tool}`], { encoding: "utf8" }).trim(),
      path.join(tools, tool),
    );
  const program = (name: string, text: string) =>
    writeFile(path.join(tools, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  await program("id", "echo 1000");
  // As wget 1.21 says it.
  await program("wget", 'read -r url; echo "$url:" >&2; echo "2026-11-22 ERROR 404: Not Found." >&2; exit 8');
  const url = "https://example.org/a.zip?token=geheim";
  const inputs = archive.parse({ path: path.join(folder, "a"), url, checksum: SUM, format: "zip" });
  const { status, stderr } = spawnSync("/bin/sh", ["-c", unpackScript(inputs, false)], {
    input: url,
    encoding: "utf8",
    env: { PATH: tools, HOME: folder },
  });
  assert.equal(status, 1);
  assert.equal(stderr, "2026-11-22 ERROR 404: Not Found.\nit could not be fetched\n");
});
