/** What a folder with a tree of files promises, on each kind of connection. */
import assert from "node:assert/strict";
import {
  chmod,
  chown,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { test } from "node:test";
import type { ValueMap } from "../../../../../src/providers/grpc/value.ts";
import { initFailure, urnOf } from "../../engine-side.ts";
import { onEachTarget } from "../targets.ts";

const DIRECTORY = urnOf("holdfast:host:Directory");
const isRoot = process.getuid?.() === 0;

const entries: ValueMap = {
  "css/": { mode: "0755" },
  "css/site.css": { content: "a {}\n", mode: "0644" },
  "index.html": { content: "<p>\n", mode: "0644" },
  latest: { target: "css/site.css" },
  "run it's": { content: "#!/bin/sh\n", mode: "0755" },
};

onEachTarget((getTarget, getActor) => {
  const real = (name: string): string => getTarget().real(name);
  const text = (name: string): Promise<string> => readFile(real(name), "utf8");
  const created = (name: string, more: ValueMap = {}) =>
    getActor().created("holdfast:host:Directory", name, { entries, ...more });
  const there = async (name: string): Promise<string[]> =>
    (await readdir(real(name), { recursive: true })).sort();
  const ALL = ["css", "css/site.css", "index.html", "latest", "run it's"];

  test("it is made as a whole, read back equal, and deleted with what is of it", async () => {
    const { engine } = getActor();
    const { inputs, id, state } = await created("p/site", { mode: "0750" });
    assert.deepEqual(await there("p/site"), ALL);
    assert.equal(await text("p/site/css/site.css"), "a {}\n");
    assert.equal(await readlink(real("p/site/latest")), "css/site.css");
    assert.equal((await stat(real("p/site/run it's"))).mode & 0o7777, 0o755);
    assert.deepEqual(await engine.read(DIRECTORY, id, inputs), { id, inputs, state });
    await engine.delete(DIRECTORY, id, inputs);
    await assert.rejects(lstat(real("p/site")), /ENOENT/);
    await engine.delete(DIRECTORY, id, inputs);
  });

  test("an equal tree is taken over file by file as it is", async () => {
    const { engine } = getActor();
    await mkdir(real("equal"));
    await writeFile(real("equal/index.html"), "<p>\n", { mode: 0o600 });
    await writeFile(real("equal/of others"), "");
    const { ino } = await stat(real("equal/index.html"));
    const { inputs, id } = await created("equal");
    const kept = await stat(real("equal/index.html"));
    assert.deepEqual([kept.ino, kept.mode & 0o777], [ino, 0o644]);
    assert.deepEqual(
      (await engine.read(DIRECTORY, id, inputs)).inputs,
      inputs,
      "without purge, others are not seen",
    );
    await engine.delete(DIRECTORY, id, inputs);
    assert.deepEqual(await there("equal"), ["of others"]);
  });

  test("each difference is shown at its path, and put back", async () => {
    const { engine } = getActor();
    const { inputs, id } = await created("drift");
    await writeFile(real("drift/css/site.css"), "edited\n");
    await rm(real("drift/index.html"));
    await chmod(real("drift/run it's"), 0o600);
    await chmod(real("drift/css"), 0o700);
    await rm(real("drift/latest"));
    await symlink("/elsewhere", real("drift/latest"));
    const seen = await engine.read(DIRECTORY, id, inputs);
    assert.deepEqual(seen.inputs["entries"], {
      "css/": { mode: "0700" },
      "css/site.css": { content: "edited\n", mode: "0644" },
      latest: { target: "/elsewhere" },
      "run it's": { content: "#!/bin/sh\n", mode: "0600" },
    });
    const { detaileddiffMap } = await engine.diff(DIRECTORY, seen.inputs, inputs);
    assert.deepEqual(detaileddiffMap.map(([at]: [string, unknown]) => at).sort(), [
      "entries.latest.target",
      'entries["css/"].mode',
      'entries["css/site.css"].content',
      'entries["index.html"]',
      'entries["run it\'s"].mode',
    ]);
    await engine.update(DIRECTORY, id, seen.inputs, inputs);
    assert.deepEqual((await engine.read(DIRECTORY, id, inputs)).inputs, inputs);
  });

  test("what is not in the tree any more goes, and folders that are empty then", async () => {
    const { engine } = getActor();
    const { inputs, id } = await created("shrinks");
    await writeFile(real("shrinks/of others"), "");
    const next = { ...inputs, entries: { "index.html": { content: "new\n", mode: "0644" } } };
    await engine.update(DIRECTORY, id, inputs, next);
    assert.deepEqual(await there("shrinks"), ["index.html", "of others"]);
    const { entries: _entries, ...plain } = next;
    await engine.update(DIRECTORY, id, next, plain);
    assert.deepEqual(await there("shrinks"), ["of others"], "a tree that is not declared any more");
  });

  test("a file becomes a folder, a folder a file, a link a file, and back", async () => {
    const { engine } = getActor();
    const one: ValueMap = { a: { content: "a" }, "b/": {}, "b/x": { content: "x" }, c: { target: "a" } };
    const two: ValueMap = { "a/": {}, "a/x": { content: "x" }, b: { content: "b" }, c: { content: "c" } };
    const { inputs, id } = await created("kinds", { entries: one });
    const next = { ...inputs, entries: two };
    await engine.update(DIRECTORY, id, inputs, next);
    assert.deepEqual(await there("kinds"), ["a", "a/x", "b", "c"]);
    assert.deepEqual((await engine.read(DIRECTORY, id, next)).inputs, next);
    await engine.update(DIRECTORY, id, next, inputs);
    assert.deepEqual((await engine.read(DIRECTORY, id, inputs)).inputs, inputs);
  });

  test("a purge is shown by name, and removes what is not of the tree, and nothing beyond the folder", async () => {
    const { engine } = getActor();
    await mkdir(real("beyond"));
    await writeFile(real("beyond/precious"), "");
    const { inputs, id } = await created("purged", { purge: true });
    assert.deepEqual((await engine.read(DIRECTORY, id, inputs)).inputs, inputs);
    await mkdir(real("purged/css/cache/deep"), { recursive: true });
    await writeFile(real("purged/css/cache/deep/file"), "");
    await writeFile(real("purged/-rf *"), "");
    await writeFile(real("purged/line\nbreak"), "");
    await symlink("../beyond", real("purged/leads out"));
    const seen = await engine.read(DIRECTORY, id, inputs);
    assert.deepEqual(seen.inputs["entries"], {
      ...entries,
      "-rf *": { found: "file" },
      "css/cache/": { found: "directory" },
      "leads out": { found: "symlink" },
      "line\nbreak": { found: "file" },
    });
    const { detaileddiffMap } = await engine.diff(DIRECTORY, seen.inputs, inputs);
    assert.equal(detaileddiffMap.length, 4);
    assert.ok(detaileddiffMap.some(([at]: [string, unknown]) => at === 'entries["css/cache/"]'));
    await engine.update(DIRECTORY, id, seen.inputs, inputs);
    assert.deepEqual(await there("purged"), ALL);
    assert.deepEqual(await there("beyond"), ["precious"]);
    await writeFile(real("purged/left"), "");
    await engine.delete(DIRECTORY, id, inputs);
    assert.deepEqual(await there("purged"), ["left"], "nobody was told that it would go");
  });

  test("a symlink in the place of a folder is not followed, neither by a write nor by a purge", async () => {
    const { engine } = getActor();
    const { inputs, id } = await created("linked", { purge: true });
    await rename(real("linked/css"), real("moved css"));
    await writeFile(real("moved css/precious"), "");
    await symlink("../moved css", real("linked/css"));
    const seen = await engine.read(DIRECTORY, id, inputs);
    const shown = seen.inputs["entries"] as ValueMap;
    assert.deepEqual(shown["css"], { found: "symlink" });
    assert.equal(shown["css/"], undefined);
    const { purge: _purge, ...kept } = inputs;
    await engine.update(DIRECTORY, id, seen.inputs, { ...kept, entries: { "index.html": { content: "" } } });
    assert.deepEqual(await there("moved css"), ["precious", "site.css"]);
    await engine.update(DIRECTORY, id, kept, inputs);
    assert.deepEqual(await there("linked"), ALL);
    assert.deepEqual(await there("moved css"), ["precious", "site.css"]);
  });

  test("a file in a folder's place gives way; a folder in a file's place only to a purge", async () => {
    const { engine } = getActor();
    const { inputs, id } = await created("places");
    await rm(real("places/css"), { recursive: true });
    await writeFile(real("places/css"), "");
    await rm(real("places/index.html"));
    await mkdir(real("places/index.html"));
    await writeFile(real("places/index.html/inside"), "");
    const seen = await engine.read(DIRECTORY, id, inputs);
    await assert.rejects(engine.update(DIRECTORY, id, seen.inputs, inputs), /index.html.*is a folder/);
    assert.equal(await text("places/css/site.css"), "a {}\n");
    await engine.update(DIRECTORY, id, seen.inputs, { ...inputs, purge: true });
    assert.deepEqual((await engine.read(DIRECTORY, id, inputs)).inputs, inputs);
  });

  test("owner and group go for all of the tree", { skip: !isRoot }, async () => {
    const { engine } = getActor();
    const { inputs, id } = await created("owned", { owner: "nobody", group: "0" });
    const { uid } = await stat(real("owned/css/site.css"));
    assert.notEqual(uid, 0);
    assert.equal((await stat(real("owned/css"))).uid, uid);
    assert.deepEqual((await engine.read(DIRECTORY, id, inputs)).inputs, inputs);
    await chown(real("owned/css/site.css"), 0, 0);
    const seen = await engine.read(DIRECTORY, id, inputs);
    const shown = seen.inputs["entries"] as ValueMap;
    assert.deepEqual(shown["css/site.css"], { content: "a {}\n", mode: "0644", owner: "root" });
    await engine.update(DIRECTORY, id, seen.inputs, inputs);
    assert.equal((await stat(real("owned/css/site.css"))).uid, uid);
  });

  test("where a part cannot be made, the rest is there, and the state knows it", async () => {
    const { engine, inputsOf } = getActor();
    await mkdir(real("part/index.html"), { recursive: true });
    const { inputs } = await engine.check(DIRECTORY, inputsOf("part", { entries }));
    const failure = await engine.create(DIRECTORY, inputs).then(() => undefined, initFailure);
    assert.equal(failure?.id, getTarget().at("part"));
    assert.match(failure?.reasons.join() ?? "", /index.html.*is a folder/);
    await rm(real("part/index.html"), { recursive: true });
    await engine.update(DIRECTORY, failure?.id ?? "", inputs, inputs);
    assert.deepEqual(await there("part"), ALL);
  });

  test("500 files, of which one was edited", async () => {
    const { engine } = getActor();
    const many: ValueMap = Object.fromEntries(
      Array.from({ length: 500 }, (_, index) => [`d${index % 7}/f${index}`, { content: `${index}` }]),
    );
    const { inputs, id } = await created("many", { entries: many, purge: true });
    assert.deepEqual((await engine.read(DIRECTORY, id, inputs)).inputs, inputs);
    await writeFile(real("many/d3/f10"), "edited");
    const seen = await engine.read(DIRECTORY, id, inputs);
    const { detaileddiffMap } = await engine.diff(DIRECTORY, seen.inputs, inputs);
    assert.deepEqual(
      detaileddiffMap.map(([at]: [string, unknown]) => at),
      ['entries["d3/f10"].content'],
    );
  });

  test("an import takes in the folder, not what is in it", async () => {
    await mkdir(real("imported/css"), { recursive: true });
    const { text: connection, at } = getTarget();
    const read = await getActor().engine.read(DIRECTORY, `${connection}#${at("imported")}`);
    const { connection: _, ...own } = read.inputs;
    assert.deepEqual(own, { path: at("imported") });
  });

  test("mistakes name their places", async () => {
    const { engine, inputsOf } = getActor();
    const flawsOf = async (more: ValueMap): Promise<string[]> =>
      (await engine.check(DIRECTORY, inputsOf("x", more))).failures.map(({ property }) => property).sort();
    assert.deepEqual(await flawsOf({ purge: true }), ["purge"]);
    assert.deepEqual(await flawsOf({ entries: { "../x": { content: "" }, "/y": { content: "" } } }), [
      "entries.../x",
      "entries./y",
    ]);
    assert.deepEqual(await flawsOf({ entries: { x: { mode: "0644" }, "d/": { content: "" } } }), [
      'entries["d/"]',
      'entries["x"]',
    ]);
    assert.deepEqual(await flawsOf({ entries: { x: { content: "" }, "x/y": { content: "" } } }), ["entries"]);
    assert.deepEqual(await flawsOf({ entries: { x: { content: "" }, "x/": {} } }), ["entries"]);
    const shallow = { ...inputsOf("x", { entries, purge: true }), path: "/etc" };
    assert.match((await engine.check(DIRECTORY, shallow)).failures[0]?.reason ?? "", /right below \//);
  });
});
