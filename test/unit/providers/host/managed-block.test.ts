/** What a marked block in a file of others promises, on each kind of connection. */
import assert from "node:assert/strict";
import { chmod, lstat, mkdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { secret, type ValueMap } from "../../../../src/providers/grpc/value.ts";
import { putBlock, takeBlock } from "../../../../src/providers/host/files/block-text.ts";
import { urnOf } from "../engine-side.ts";
import { onEachTarget, startActor } from "./targets.ts";

const BLOCK = urnOf("holdfast:host:ManagedBlock");
const marked = (content: string, marker = "app"): string =>
  `# BEGIN holdfast: ${marker}\n${content}# END holdfast: ${marker}\n`;

onEachTarget((getTarget, getActor) => {
  const real = (name: string): string => getTarget().real(name);
  const text = (name: string): Promise<string> => readFile(real(name), "utf8");
  const created = (name: string, more: ValueMap) =>
    getActor().created("holdfast:host:ManagedBlock", name, { marker: "app", ...more });

  test("it is put in, read back equal, changed where it is and taken out; the rest stays byte for byte", async () => {
    const { engine } = getActor();
    const rest = Buffer.concat([
      Buffer.from("first\r\n"),
      Buffer.from([0xff, 0, 0x80]),
      Buffer.from("\nlast"),
    ]);
    await writeFile(real("hosts"), rest, { mode: 0o640 });
    const { inputs, id, state } = await created("hosts", { content: "one" });
    assert.equal(id, `${getTarget().at("hosts")}#app`);
    const withBlock = Buffer.concat([rest, Buffer.from(`\n${marked("one\n")}`)]);
    assert.deepEqual(await readFile(real("hosts")), withBlock);
    assert.equal((await stat(real("hosts"))).mode & 0o7777, 0o640);
    assert.deepEqual(await engine.read(BLOCK, id, inputs), { id, inputs, state });
    await writeFile(real("hosts"), Buffer.concat([withBlock, Buffer.from("of others\n")]));
    const next = { ...inputs, content: "naïve\ntwo\n" };
    await engine.update(BLOCK, id, inputs, next);
    assert.ok((await text("hosts")).endsWith(`${marked("naïve\ntwo\n")}of others\n`));
    assert.deepEqual((await engine.read(BLOCK, id, next)).inputs, next);
    await engine.delete(BLOCK, id, next);
    assert.deepEqual(await readFile(real("hosts")), Buffer.concat([rest, Buffer.from("\nof others\n")]));
    await engine.delete(BLOCK, id, next);
  });

  test("an equal block is left as it is", async () => {
    await writeFile(real("same"), marked("x\n"));
    const { ino } = await stat(real("same"));
    await created("same", { content: "x" });
    assert.equal((await stat(real("same"))).ino, ino);
  });

  test("what is edited in it by hand is drift, what is edited beside it is not, and without it it is gone", async () => {
    const { engine } = getActor();
    await writeFile(real("drift"), "a\nb\n");
    const { inputs, id } = await created("drift", { content: "mine\n", after: "a" });
    assert.equal(await text("drift"), `a\n${marked("mine\n")}b\n`);
    await writeFile(real("drift"), `of others\n${marked("mine\n")}b\nc\n`);
    assert.deepEqual((await engine.read(BLOCK, id, inputs)).inputs, inputs);
    await writeFile(real("drift"), `a\n${marked("edited\n")}b\n`);
    const seen = await engine.read(BLOCK, id, inputs);
    assert.deepEqual(seen.inputs, { ...inputs, content: "edited\n" });
    await engine.update(BLOCK, id, seen.inputs, inputs);
    assert.equal(await text("drift"), `a\n${marked("mine\n")}b\n`);
    await writeFile(real("drift"), "a\nb\n");
    assert.equal((await engine.read(BLOCK, id, inputs)).id, "");
    await rm(real("drift"));
    assert.equal((await engine.read(BLOCK, id, inputs)).id, "");
  });

  test("a block that has lost one of its marks is drift, and nobody guesses where it ended", async () => {
    const { engine } = getActor();
    await writeFile(real("unclear"), "");
    const { inputs, id } = await created("unclear", { content: "x" });
    await writeFile(real("unclear"), "# BEGIN holdfast: app\nx\nof others\n");
    const seen = await engine.read(BLOCK, id, inputs);
    assert.match(JSON.stringify(seen.inputs["content"]), /END holdfast: app.* is missing/);
    await assert.rejects(engine.update(BLOCK, id, seen.inputs, inputs), /"# END holdfast: app" is missing/);
    assert.equal(await text("unclear"), "# BEGIN holdfast: app\nx\nof others\n");
  });

  test("it goes where it is to go, and moves when that changes", async () => {
    const { engine } = getActor();
    await writeFile(real("where"), "a\nb\nc\n");
    const first = await created("where", { content: "x\n", before: "b" });
    assert.equal(await text("where"), `a\n${marked("x\n")}b\nc\n`);
    const { before: _before, ...rest } = first.inputs;
    const next = { ...rest, at: "start" };
    await engine.update(BLOCK, first.id, first.inputs, next);
    assert.equal(await text("where"), `${marked("x\n")}a\nb\nc\n`);
    await engine.update(BLOCK, first.id, first.inputs, next);
    assert.equal(await text("where"), `${marked("x\n")}a\nb\nc\n`, "again, as after a crash");
    await assert.rejects(
      created("where", { marker: "other", content: "", after: "z" }),
      /there is no line "z"/,
    );
  });

  test("a missing file is made only where the program says so, and goes when nothing is left in it", async () => {
    const { engine } = getActor();
    await assert.rejects(created("missing", { content: "x" }), /no such file; with create/);
    await assert.rejects(lstat(real("missing")), /ENOENT/);
    const { inputs, id } = await created("deep/missing", { content: "x\n", create: "640" });
    assert.equal(inputs["create"], "0640");
    assert.equal(await text("deep/missing"), marked("x\n"));
    assert.equal((await stat(real("deep/missing"))).mode & 0o777, 0o640);
    await engine.delete(BLOCK, id, inputs);
    await assert.rejects(lstat(real("deep/missing")), /ENOENT/);
    const hidden = await created("hidden", { content: secret("geheim"), create: true });
    assert.equal((await stat(real("hidden"))).mode & 0o777, 0o600);
    assert.deepEqual(hidden.inputs["content"], secret("geheim"));
    await writeFile(real("hidden"), marked("other\n"));
    const seen = await engine.read(BLOCK, hidden.id, hidden.inputs);
    assert.deepEqual(seen.inputs["content"], secret("other\n"));
  });

  test("a symlink or a folder in the file's place is not followed or replaced", async () => {
    const { engine } = getActor();
    await writeFile(real("led to"), "");
    await symlink("led to", real("link"));
    await assert.rejects(created("link", { content: "x" }), /is a symlink; give the path/);
    await mkdir(real("folder"));
    await assert.rejects(created("folder", { content: "x" }), /is no file/);
    const { inputs, id } = await created("led to", { content: "x" });
    await rm(real("led to"));
    await mkdir(real("led to"));
    assert.equal((await engine.read(BLOCK, id, inputs)).id, "");
    await engine.delete(BLOCK, id, inputs);
  });

  test("other comments, names with spaces, and an import that finds them by itself", async () => {
    const { engine } = getActor();
    const { at, text: connection } = getTarget();
    await writeFile(real("a page=.html"), "<p>\n");
    const style = { comment: "<!--", commentEnd: "-->", marker: "the app" };
    const { inputs, id } = await created("a page=.html", { content: "<hr>\n", ...style });
    const expected = "<p>\n<!-- BEGIN holdfast: the app -->\n<hr>\n<!-- END holdfast: the app -->\n";
    assert.equal(await text("a page=.html"), expected);
    assert.deepEqual((await engine.read(BLOCK, id, inputs)).inputs, inputs);
    const read = await engine.read(BLOCK, `${connection}#${at("a page=.html")}#the app`);
    assert.equal(read.id, `${at("a page=.html")}#the app`);
    const { connection: _, ...own } = read.inputs;
    assert.deepEqual(own, { path: at("a page=.html"), content: "<hr>\n", ...style });
    assert.equal((await engine.read(BLOCK, `${connection}#${at("a page=.html")}#none`)).id, "");
    await assert.rejects(engine.read(BLOCK, `${connection}#/etc/hosts`), /PATH#MARKER/);
  });

  test("blocks of many stacks go into one file at the same time, and none is lost", async () => {
    await writeFile(real("shared"), "of others\n");
    const other = await startActor(getTarget());
    const markers = Array.from({ length: 12 }, (_, index) => `m${index}`);
    try {
      const makeOne = (marker: string, index: number) => {
        const { created: create } = index % 2 === 0 ? getActor() : other;
        return create("holdfast:host:ManagedBlock", "shared", { marker, content: `${marker}\n` });
      };
      await Promise.all(markers.map(makeOne));
    } finally {
      await other.close();
    }
    const all = await text("shared");
    assert.ok(all.startsWith("of others\n"));
    for (const marker of markers) assert.ok(all.includes(marked(`${marker}\n`, marker)), marker);
    assert.equal(all.split("\n").length, 2 + 3 * markers.length);
  });

  test("a validation that fails leaves the file as it was; a folder that stands for a host has none", async () => {
    await writeFile(real("sudoers"), "good\n");
    const refused = created("sudoers", { content: "bad\n", validate: "! grep -n bad %s" });
    if (getTarget().system) {
      await assert.rejects(refused, /sudoers stays as it is, the new one is not valid: 3:bad/);
      assert.equal(await text("sudoers"), "good\n");
    } else {
      await refused;
      assert.equal(await text("sudoers"), `good\n${marked("bad\n")}`);
    }
  });

  test("mistakes name their properties", async () => {
    const { engine, inputsOf } = getActor();
    const wrong = { marker: "a#b", content: "# END holdfast: x", at: "start", before: "x", create: "rw" };
    const { failures } = await engine.check(BLOCK, inputsOf("x", wrong));
    assert.deepEqual(failures.map(({ property }) => property).sort(), ["content", "create", "marker"]);
    const both = await engine.check(
      BLOCK,
      inputsOf("x", { marker: "a", content: "", at: "end", after: "x" }),
    );
    assert.match(both.failures[0]?.reason ?? "", /are both given/);
  });

  test("a file that may not be read is an error, not a block that is gone", async t => {
    if (process.getuid?.() === 0) return t.skip("root may read everything");
    await writeFile(real("closed"), "");
    const { inputs, id } = await created("closed", { content: "x" });
    await chmod(real("closed"), 0);
    await assert.rejects(getActor().engine.read(BLOCK, id, inputs), /ermission/);
  });
});

describe("a block and a text", () => {
  const marks = { begin: "# b", end: "# e" };
  const put = (text: string, content: string) =>
    putBlock(text, { marks, content, position: { at: "end" } }, false);

  test("putting it in and taking it out again gives back the text, with its last line ended", () => {
    for (const text of ["", "a\n", "a", "\n", "a\r\nb\r\n", "\0"]) {
      const there = put(text, "x\n");
      assert.ok(there.ok);
      assert.deepEqual(put(there.text, "x\n"), there);
      const back = takeBlock(there.text, marks);
      assert.deepEqual(back, { ok: true, text: text === "" || text.endsWith("\n") ? text : `${text}\n` });
    }
  });

  test("marks with spaces or a carriage return after them are marks", () => {
    assert.deepEqual(put("# b \r\nold\r\n# e\t\n", "new\n"), { ok: true, text: "# b\nnew\n# e\n" });
  });

  test("what is not clear is not touched", () => {
    for (const text of ["# b\n", "# e\n", "# e\n# b\n", "# b\n# e\n# b\n# e\n", "# b\n# b\n# e\n"])
      assert.equal(put(text, "x\n").ok, false, text);
  });
});
