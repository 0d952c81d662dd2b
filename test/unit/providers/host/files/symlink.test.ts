/** What a symlink promises, on each kind of connection. */
import assert from "node:assert/strict";
import { lstat, mkdir, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { urnOf } from "../../engine-side.ts";
import { onEachTarget } from "../targets.ts";

const SYMLINK = urnOf("holdfast:host:Symlink");

onEachTarget((getTarget, getActor) => {
  const created = (name: string, target: string) =>
    getActor().created("holdfast:host:Symlink", name, { target });
  const real = (name: string): string => getTarget().real(name);

  test("it is made with the folders above it, read back equal, led elsewhere and deleted", async () => {
    const { engine } = getActor();
    const { inputs, id, state } = await created("l/ink/current", "releases/1");
    assert.equal(await readlink(real("l/ink/current")), "releases/1");
    assert.deepEqual(await engine.read(SYMLINK, id, inputs), { id, inputs, state });
    const next = { ...inputs, target: 'it\'s "there" $HOME' };
    assert.deepEqual((await engine.diff(SYMLINK, inputs, next)).diffsList, ["target"]);
    await engine.update(SYMLINK, id, inputs, next);
    assert.equal(await readlink(real("l/ink/current")), 'it\'s "there" $HOME');
    assert.deepEqual((await engine.read(SYMLINK, id, next)).inputs, next);
    await engine.delete(SYMLINK, id, next);
    await assert.rejects(lstat(real("l/ink/current")), /ENOENT/);
    await engine.delete(SYMLINK, id, next);
  });

  test("one that leads where it should is left as it is", async () => {
    await symlink("/there", real("same"));
    const { ino } = await lstat(real("same"));
    await created("same", "/there");
    assert.equal((await lstat(real("same"))).ino, ino);
  });

  test("one that was led elsewhere by hand is drift, and is put back; its folder is never followed", async () => {
    const { engine } = getActor();
    const { inputs, id } = await created("drift", "/good");
    await mkdir(real("elsewhere"));
    await rm(real("drift"));
    await symlink("elsewhere", real("drift"));
    const seen = await engine.read(SYMLINK, id, inputs);
    assert.deepEqual(seen.inputs, { ...inputs, target: "elsewhere" });
    await engine.update(SYMLINK, id, seen.inputs, inputs);
    assert.equal(await readlink(real("drift")), "/good");
    assert.deepEqual(await lstat(real("elsewhere")).then(stats => stats.isDirectory()), true);
  });

  test("a file or folder in its place is read as gone, never replaced, and never deleted", async () => {
    const { engine } = getActor();
    for (const [name, make] of [
      ["file", () => writeFile(real("file"), "precious")],
      ["folder", () => mkdir(real("folder"))],
    ] as const) {
      const { inputs, id } = await created(name, "/x");
      await rm(real(name));
      await make();
      assert.equal((await engine.read(SYMLINK, id, inputs)).id, "");
      await assert.rejects(engine.create(SYMLINK, inputs), /is not a symlink; it is not replaced/);
      await engine.delete(SYMLINK, id, inputs);
      assert.equal((await lstat(real(name))).isSymbolicLink(), false);
    }
  });

  test("it is imported by CONNECTION#PATH", async () => {
    await symlink("../by/hand", real("import me"));
    const { text, at } = getTarget();
    const read = await getActor().engine.read(SYMLINK, `${text}#${at("import me")}`);
    assert.equal(read.id, at("import me"));
    assert.deepEqual([read.inputs["path"], read.inputs["target"]], [at("import me"), "../by/hand"]);
    await writeFile(real("no link"), "");
    assert.equal((await getActor().engine.read(SYMLINK, `${text}#${at("no link")}`)).id, "");
  });

  test("a mistake names its property", async () => {
    const { engine, inputsOf } = getActor();
    const { failures } = await engine.check(SYMLINK, inputsOf("line\nbreak", { target: "" }));
    assert.deepEqual(failures.map(({ property }) => property).sort(), ["path", "target"]);
  });
});
