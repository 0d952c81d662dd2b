/** What every resource of the host family promises, on each kind of connection. */
import assert from "node:assert/strict";
import { chmod, chown, lstat, mkdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { before, test } from "node:test";
import { secret, UNKNOWN, type ValueMap } from "../../../../src/providers/grpc/value.ts";
import { initFailure, urnOf, type EngineSide } from "../engine-side.ts";
import { onEachTarget, type Actor } from "./targets.ts";

const FILE = urnOf("holdfast:host:File");
const TEMPLATE = urnOf("holdfast:host:Template");
const DIRECTORY = urnOf("holdfast:host:Directory");
const isRoot = process.getuid?.() === 0;

onEachTarget((getTarget, getActor) => {
  let engine: EngineSide;
  before(() => {
    ({ engine } = getActor());
  });
  const inputsOf = (name: string, more: ValueMap): ValueMap => getActor().inputsOf(name, more);
  const exists = async (name: string): Promise<boolean> =>
    lstat(getTarget().real(name)).then(
      () => true,
      () => false,
    );
  const content = (name: string): Promise<string> => readFile(getTarget().real(name), "utf8");

  const created: Actor["created"] = (type, name, more) => getActor().created(type, name, more);

  test("a file is created with the folders above it, read back equal, updated and deleted", async () => {
    const { inputs, id, state } = await created("holdfast:host:File", "a/b/file", {
      content: "one\n",
      mode: "640",
    });
    assert.equal(id, getTarget().at("a/b/file"));
    assert.equal(inputs["mode"], "0640");
    assert.equal(state["size"], 4);
    assert.equal((await stat(getTarget().real("a/b/file"))).mode & 0o7777, 0o640);
    assert.deepEqual(await engine.read(FILE, id, inputs), { id, inputs, state });
    const next = { ...inputs, content: "two\n" };
    assert.deepEqual((await engine.diff(FILE, inputs, next)).diffsList, ["content"]);
    await engine.update(FILE, id, inputs, next);
    assert.equal(await content("a/b/file"), "two\n");
    await engine.delete(FILE, id, next);
    assert.equal(await exists("a/b/file"), false);
    await engine.delete(FILE, id, next);
  });

  test("an equal file is adopted as it is, a different one is overwritten", async () => {
    await writeFile(getTarget().real("adopted"), "same");
    const { ino } = await stat(getTarget().real("adopted"));
    await created("holdfast:host:File", "adopted", { content: "same", mode: "0600" });
    const kept = await stat(getTarget().real("adopted"));
    assert.equal(kept.ino, ino);
    assert.equal(kept.mode & 0o777, 0o600);
    await created("holdfast:host:File", "adopted", { content: "other" });
    assert.equal(await content("adopted"), "other");
    assert.equal((await stat(getTarget().real("adopted"))).mode & 0o777, 0o600, "an unmanaged mode is kept");
  });

  test("drift of content and of what is managed is read; what is not managed is not", async () => {
    const { inputs, id } = await created("holdfast:host:File", "drift", { content: "a", mode: "0644" });
    await writeFile(getTarget().real("drift"), "b");
    await chmod(getTarget().real("drift"), 0o600);
    const seen = await engine.read(FILE, id, inputs);
    assert.deepEqual(seen.inputs, { ...inputs, content: "b", mode: "0600" });
    const unmanaged = await created("holdfast:host:File", "unmanaged", { content: "a" });
    await chmod(getTarget().real("unmanaged"), 0o600);
    const read = await engine.read(FILE, unmanaged.id, unmanaged.inputs);
    assert.deepEqual(read.inputs, unmanaged.inputs);
  });

  test("owner and group are set, seen drifting and put back", { skip: !isRoot }, async () => {
    const { inputs, id } = await created("holdfast:host:File", "owned", {
      content: "a",
      owner: "nobody",
      group: "0",
    });
    assert.equal((await engine.read(FILE, id, inputs)).inputs["owner"], "nobody");
    await chown(getTarget().real("owned"), 0, 1);
    const seen = await engine.read(FILE, id, inputs);
    assert.deepEqual([seen.inputs["owner"], seen.inputs["group"]], ["root", "1"]);
    await engine.update(FILE, id, seen.inputs, inputs);
    assert.deepEqual((await engine.read(FILE, id, inputs)).inputs, inputs);
    const rewritten = {
      connection: inputs["connection"] ?? null,
      path: inputs["path"] ?? null,
      content: "b",
    };
    await engine.update(FILE, id, inputs, rewritten);
    const { uid } = await stat(getTarget().real("owned"));
    assert.notEqual(uid, 0, "an unmanaged owner is kept when the file is written anew");
  });

  test("an owner that the host does not know is an error that names it", { skip: !isRoot }, async () => {
    await assert.rejects(
      created("holdfast:host:File", "stranger", { content: "a", owner: "nobody-of-that-name" }),
      /nobody-of-that-name/,
    );
    assert.equal(await exists("stranger"), false);
  });

  test("a file that is gone, or that a symlink or a folder took the place of, is read as gone", async () => {
    const { inputs, id } = await created("holdfast:host:File", "gone", { content: "a" });
    await rm(getTarget().real("gone"));
    assert.equal((await engine.read(FILE, id, inputs)).id, "");
    await symlink("/etc/passwd", getTarget().real("gone"));
    assert.equal((await engine.read(FILE, id, inputs)).id, "");
    await engine.create(FILE, inputs);
    assert.equal((await lstat(getTarget().real("gone"))).isFile(), true);
    await rm(getTarget().real("gone"));
    await mkdir(getTarget().real("gone"));
    assert.equal((await engine.read(FILE, id, inputs)).id, "");
    await assert.rejects(engine.create(FILE, inputs), /is a folder/);
    await assert.rejects(engine.delete(FILE, id, inputs), /is a folder now/);
  });

  test("a file is imported by CONNECTION#PATH", async () => {
    await writeFile(getTarget().real("import me"), "there already", { mode: 0o644 });
    const id = `${getTarget().text}#${getTarget().at("import me")}`;
    const read = await engine.read(FILE, id);
    assert.equal(read.id, getTarget().at("import me"));
    const { inputs } = await engine.check(FILE, inputsOf("import me", { content: "there already" }));
    assert.equal(read.inputs["content"], "there already");
    assert.deepEqual(Object.keys(read.inputs).sort(), Object.keys(inputs).sort());
    await assert.rejects(engine.read(FILE, "/etc/passwd"), /must be CONNECTION#NAME/);
  });

  test("content that is no text goes through as base64 and comes back equal", async () => {
    const bytes = Buffer.from([0, 255, 10, 39, 13, 128, 0]);
    const { inputs, id } = await created("holdfast:host:File", "binary", {
      contentBase64: bytes.toString("base64"),
    });
    assert.deepEqual(await readFile(getTarget().real("binary")), bytes);
    assert.deepEqual((await engine.read(FILE, id, inputs)).inputs, inputs);
    const text = await created("holdfast:host:File", "text", { content: secret("geheim") });
    await writeFile(getTarget().real("text"), bytes);
    const seen = await engine.read(FILE, text.id, text.inputs);
    assert.deepEqual(
      seen.inputs["contentBase64"],
      secret(bytes.toString("base64")),
      "secret as the text was",
    );
  });

  test("an empty file, one with trailing newlines and one with a byte order mark stay what they are", async () => {
    for (const text of ["", "\n\n\n", "\uFEFFx", "no end", "'; rm -rf / #\n$(reboot)`x`\\"]) {
      const { inputs, id } = await created("holdfast:host:File", "exact", { content: text });
      assert.equal(await content("exact"), text);
      assert.deepEqual((await engine.read(FILE, id, inputs)).inputs, inputs);
    }
  });

  const hostile = [
    "new\nline",
    "quote'\"`$(touch x)\\",
    "-rf",
    "  spaces  ",
    "naïve-日本語-🙂",
    "*?[a]",
    "n".repeat(250),
    `${"d".repeat(200)}/`.repeat(15) + "deep",
  ];
  for (const name of hostile)
    test(`a hostile name is only a name: ${JSON.stringify(name.slice(0, 24))}`, async () => {
      const { inputs, id } = await created("holdfast:host:File", `hostile/${name}`, { content: name });
      assert.equal(await content(`hostile/${name}`), name);
      assert.deepEqual((await engine.read(FILE, id, inputs)).inputs, inputs);
      await engine.delete(FILE, id, inputs);
      assert.equal(await exists(`hostile/${name}`), false);
    });

  test("a secret stays one in state and read, its digest too, and its file is for its owner", async () => {
    const { inputs, id, state } = await created("holdfast:host:File", "secret", {
      content: secret("geheim"),
    });
    assert.deepEqual(inputs["content"], secret("geheim"));
    assert.equal(inputs["mode"], "0600");
    const checksum = state["checksum"];
    assert.ok(typeof checksum === "object" && checksum !== null, "the checksum is a secret");
    await writeFile(getTarget().real("secret"), "changed");
    const seen = await engine.read(FILE, id, inputs);
    assert.deepEqual(seen.inputs["content"], secret("changed"));
    assert.deepEqual(seen.state["content"], secret("changed"));
  });

  test("a file too big for the state is told before it is written, and read as drift", async () => {
    const big = "x".repeat(10_000_001);
    const { failures } = await engine.check(FILE, inputsOf("big", { content: big }));
    assert.deepEqual(
      failures.map(({ property }) => property),
      ["content"],
    );
    const { inputs, id } = await created("holdfast:host:File", "big", { content: big.slice(1) });
    assert.equal((await engine.read(FILE, id, inputs)).inputs["content"], inputs["content"]);
    await writeFile(getTarget().real("big"), big);
    const { inputs: seen } = await engine.read(FILE, id, inputs);
    assert.match(JSON.stringify(seen["content"]), /10000001 bytes/);
    await assert.rejects(engine.read(FILE, `${getTarget().text}#${getTarget().at("big")}`), /10000001 bytes/);
  });

  test("a full disk is an error that says so, and leaves the old file", { skip: !isRoot }, async t => {
    const full = await smallDisk(getTarget().real("full"));
    if (!full) return t.skip("mounting is not allowed here");
    try {
      const { inputs, id } = await created("holdfast:host:File", "full/file", { content: "small" });
      const next = { ...inputs, content: "y".repeat(500_000) };
      await assert.rejects(engine.update(FILE, id, inputs, next), /No space left|no space left/i);
      assert.equal(await content("full/file"), "small");
    } finally {
      await full();
    }
  });

  test("a template is a file with a type of its own", async () => {
    const { inputs, id } = await created("holdfast:host:Template", "template", { content: "rendered" });
    assert.equal((await engine.read(TEMPLATE, id, inputs)).inputs["content"], "rendered");
  });

  test("a folder is made, read, corrected, and removed only when it is empty", async () => {
    const { inputs, id } = await created("holdfast:host:Directory", "p/folder", { mode: "0750" });
    assert.equal((await stat(getTarget().real("p/folder"))).mode & 0o7777, 0o750);
    await chmod(getTarget().real("p/folder"), 0o700);
    const seen = await engine.read(DIRECTORY, id, inputs);
    assert.deepEqual(seen.inputs, { ...inputs, mode: "0700" });
    await engine.update(DIRECTORY, id, seen.inputs, inputs);
    await writeFile(getTarget().real("p/folder/other"), "not ours");
    await engine.delete(DIRECTORY, id, inputs);
    assert.equal(await content("p/folder/other"), "not ours");
    await rm(getTarget().real("p/folder/other"));
    await engine.delete(DIRECTORY, id, inputs);
    assert.equal(await exists("p/folder"), false);
    assert.equal((await engine.read(DIRECTORY, id, inputs)).id, "");
    await engine.delete(DIRECTORY, id, inputs);
  });

  test(
    "a folder whose owner cannot be set is there all the same: kept in the state, with its problem",
    { skip: !isRoot },
    async () => {
      const { inputs } = await engine.check(DIRECTORY, inputsOf("half", { owner: "nobody-of-that-name" }));
      const failure = await engine.create(DIRECTORY, inputs).then(() => undefined, initFailure);
      assert.equal(failure?.id, getTarget().at("half"));
      assert.match(failure?.reasons.join() ?? "", /nobody-of-that-name/);
      assert.equal(await exists("half"), true);
    },
  );

  test("a preview changes nothing and lets unknown values be", async () => {
    const { inputs } = await engine.check(FILE, inputsOf("preview", { content: UNKNOWN }));
    const { state } = await engine.create(FILE, inputs, true);
    assert.deepEqual(state["content"], UNKNOWN);
    assert.equal(await exists("preview"), false);
    await assert.rejects(engine.create(FILE, inputs), /unknown/);
  });
});

/** A file system of 128 KB; undefined where mounting is not allowed. */
async function smallDisk(folder: string): Promise<(() => Promise<void>) | undefined> {
  const { run } = await import("../../../../src/process/run.ts");
  const env = { PATH: process.env["PATH"] ?? "" };
  await mkdir(folder);
  const mounted = await run("mount", ["-t", "tmpfs", "-o", "size=128k", "tmpfs", folder], {
    env,
    deadlineMs: 5000,
  });
  if (mounted.code !== 0) return undefined;
  return async () => {
    await run("umount", [folder], { env, deadlineMs: 5000 });
  };
}
