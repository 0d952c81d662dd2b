/** Whom a mistake concerns: the stacks whose files or settings cannot be known, or everybody. */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { createEstateReader } from "../../../src/config/estate-reader.ts";
import type { Estate } from "../../../src/engine/ports/stack.ts";
import type { Result } from "../../../src/engine/failure.ts";
import { makeTree } from "../../support/tree.ts";
import { PROJECTS } from "./reading.ts";

type Files = Readonly<Record<string, string>>;

const read = (t: TestContext, files: Files): Promise<Result<Estate>> =>
  createEstateReader().read(makeTree(t, { ...PROJECTS, ...files }));

const names = (result: Result<Estate>): readonly string[] | "all" =>
  result.ok ? result.value.flaws.flatMap(({ stacks }) => stacks).sort() : "all";

async function goOn(t: TestContext, files: Files): Promise<readonly string[]> {
  const result = await read(t, files);
  assert.ok(result.ok, JSON.stringify(result));
  return result.value.stacks.map(({ name }) => name);
}

const holdfast = (text: string): Files => ({ "holdfast.yaml": `stacks:\n  "*": {}\n${text}` });

test("a mistake below a pattern concerns the stacks that the pattern means", async t => {
  for (const mistake of [
    "{ intervall: 30s }",
    "{ timeout: 8 }",
    "{ dependsOn: [hosts/nobody] }",
    "{ secrets: [none.sops.yaml] }",
    "null",
  ]) {
    const files = holdfast(`  "hosts/f*": ${mistake}\n`);
    assert.deepEqual(names(await read(t, files)), ["hosts/frodo"], mistake);
    assert.deepEqual(await goOn(t, files), ["cluster/prod", "hosts/camelot"], mistake);
  }
});

test("a circle concerns the stacks in it; who waits for one of them only waits", async t => {
  const files = holdfast(
    `  "hosts/frodo": { dependsOn: [hosts/camelot] }\n  "hosts/camelot": { dependsOn: [hosts/frodo] }\n  "cluster/prod": { dependsOn: [hosts/frodo] }\n`,
  );
  assert.deepEqual(names(await read(t, files)), ["hosts/camelot", "hosts/frodo"]);
  const result = await read(t, files);
  assert.deepEqual(result.ok && result.value.stacks.map(({ settings }) => settings.dependsOn), [
    ["hosts/frodo"],
  ]);
});

test("what is said of nobody in particular concerns everybody", async t => {
  for (const text of [
    "organization: a b\n",
    "allowScripts: esbuild\n",
    "allowScripts: [-g]\n",
    "stakcs: {}\n",
    '  "hosts/frod": { approval: required }\n',
    "  hosts: {}\n",
    '  "hosts/frodo": {}\n  "hosts/frodo": {}\n',
    "  - a\n",
  ])
    assert.equal(names(await read(t, holdfast(text))), "all", text);
});

test("a project whose name can be read stalls its stacks by name", async t => {
  const bad = { "hosts/Pulumi.yaml": "name: hosts\nruntime: nodejs\nmain: ../../x\n" };
  assert.deepEqual(names(await read(t, bad)), ["hosts/camelot", "hosts/frodo"]);
  assert.deepEqual(await goOn(t, bad), ["cluster/prod"]);
});

test("of one whose name cannot be read, what its stacks' files are called is known", async t => {
  const result = await read(t, { "hosts/Pulumi.yaml": "name: [" });
  assert.ok(result.ok);
  assert.deepEqual(
    result.value.flaws.map(({ stacks, project }) => ({ stacks, project })),
    [{ stacks: [], project: { folder: "hosts", stacks: ["camelot", "frodo"] } }],
  );
});

test("patterns and dependencies that may mean a project that cannot be read are let be; others are not", async t => {
  const bad = { "hosts/Pulumi.yaml": "name: [" };
  const fits = holdfast('  "hosts/frodo": {}\n  "cluster/prod": { dependsOn: [hosts/frodo] }\n');
  const result = await read(t, { ...bad, ...fits });
  assert.ok(result.ok, JSON.stringify(result));
  assert.deepEqual(
    result.value.stacks.map(({ name, settings }) => [name, settings.dependsOn]),
    [["cluster/prod", ["hosts/frodo"]]],
  );
  assert.equal(names(await read(t, { ...bad, ...holdfast('  "hosts/sam": {}\n') })), "all");
});

test("two projects of one name: nobody knows whose the stacks are", async t => {
  const twin = { "evil/Pulumi.yaml": "name: hosts\nruntime: nodejs\n", "evil/Pulumi.x.yaml": "" };
  assert.deepEqual(names(await read(t, twin)), ["hosts/camelot", "hosts/frodo", "hosts/x"]);
  assert.deepEqual(await goOn(t, twin), ["cluster/prod"]);
});

test("a stack's file with a name that no stack can have takes nothing from the others of its project", async t => {
  const odd = { "hosts/Pulumi.sam s.yaml": "" };
  assert.deepEqual(await goOn(t, odd), ["cluster/prod", "hosts/camelot", "hosts/frodo"]);
});

test("what a checkout lacks concerns the projects that it lies in, or everybody", async t => {
  const root = makeTree(t, PROJECTS);
  const reader = createEstateReader();
  const inside = await reader.read(root, [{ path: "hosts/passwords", why: "the link leads out" }]);
  assert.deepEqual(names(inside), ["hosts/camelot", "hosts/frodo"]);
  const shared = await reader.read(root, [{ path: "lib/passwords", why: "the link leads out" }]);
  assert.match(JSON.stringify(shared), /config-invalid.*the link leads out.*lib\/passwords/);
});
