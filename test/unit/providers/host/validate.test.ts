/** A file that a command must accept before it takes its place. */
import assert from "node:assert/strict";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { secret } from "../../../../src/providers/grpc/value.ts";
import { urnOf } from "../engine-side.ts";
import { onEachTarget } from "./targets.ts";

const FILE = urnOf("holdfast:host:File");

onEachTarget((getTarget, getActor) => {
  const real = (name: string): string => getTarget().real(name);
  const text = (name: string): Promise<string> => readFile(real(name), "utf8");
  const created = (name: string, content: string, validate: string) =>
    getActor().created("holdfast:host:File", name, { content, validate, mode: "0600" });

  test("what it does not like does not come to be, and its words are told", async t => {
    if (!getTarget().system) return t.skip("nothing is run in a folder");
    const { engine } = getActor();
    const check = 'echo "line 3: $(cat %s)" >&2; ! grep -q bad %s';
    const { inputs, id } = await created("v/conf", "good", check);
    const { ino } = await stat(real("v/conf"));
    const next = { ...inputs, content: "bad" };
    await assert.rejects(engine.update(FILE, id, inputs, next), /the new one is not valid: line 3: bad/);
    assert.equal(await text("v/conf"), "good");
    assert.equal((await stat(real("v/conf"))).ino, ino);
    assert.deepEqual(await readdir(path.dirname(real("v/conf"))), ["conf"], "nothing is left beside it");
    await assert.rejects(created("v/never", "bad", check), /not valid/);
    assert.deepEqual(await readdir(path.dirname(real("v/conf"))), ["conf"]);
  });

  test("it sees the new file with its mode, beside the old one, and may run it", async t => {
    if (!getTarget().system) return t.skip("nothing is run in a folder");
    const name = 'it\'s $a "place"/conf';
    await created(name, "x", 'test "$(stat -c %a -- %s)" = 600');
    const { engine } = getActor();
    const { inputs, id } = await getActor().created("holdfast:host:File", "script", {
      content: "#!/bin/sh\nexit 0\n",
      mode: "0755",
      validate: `test "$(dirname %s)" = ${path.dirname(real("script"))} && %s`,
    });
    const next = { ...inputs, content: "#!/bin/sh\nexit 7\n" };
    await assert.rejects(engine.update(FILE, id, inputs, next), /not valid: it ended with code 7/);
    assert.equal(await text("script"), "#!/bin/sh\nexit 0\n");
  });

  test("a command that cannot be read by a shell, or does not exist, is a failure and nothing else", async t => {
    if (!getTarget().system) return t.skip("nothing is run in a folder");
    await assert.rejects(
      created("syntax", "x", "if %s; ("),
      /syntax stays as it is, the new one is not valid/,
    );
    await assert.rejects(
      created("syntax", "x", "no-such-command %s"),
      /not valid: .*no-such-command.*not found/,
    );
    await assert.rejects(readFile(real("syntax")), /ENOENT/);
  });

  test("an equal file is not looked at, and one with another mode only gets that", async () => {
    await writeFile(real("equal"), "x", { mode: 0o600 });
    await created("equal", "x", "false %s");
    assert.equal(await text("equal"), "x");
  });

  test("a folder that stands for a host writes the file and runs nothing", async t => {
    if (getTarget().system) return t.skip("a system runs it");
    await created("plain", "x", "false %s");
    assert.equal(await text("plain"), "x");
  });

  test("a secret is read by the command from the file, and stays a secret", async () => {
    const more = { content: secret("geheim"), validate: "grep -q geheim %s" };
    const { inputs, id } = await getActor().created("holdfast:host:File", "secret", more);
    assert.equal(await text("secret"), "geheim");
    assert.deepEqual((await getActor().engine.read(FILE, id, inputs)).inputs, inputs);
  });

  test("a command without %s, or with quotes around it, is a mistake", async () => {
    const { engine, inputsOf } = getActor();
    for (const validate of ["nginx -t", "visudo -cf '%s'", 'visudo -cf "%s"', " "]) {
      const { failures } = await engine.check(FILE, inputsOf("x", { content: "", validate }));
      assert.deepEqual(
        failures.map(({ property }) => property),
        ["validate"],
        validate,
      );
    }
  });
});
