import assert from "node:assert/strict";
import { mkdirSync, symlinkSync } from "node:fs";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { outsideCode, type OutsideRules } from "../../../src/config/outside-code.ts";
import { makeTree } from "../../support/tree.ts";
import { lines } from "./reading.ts";

const RULES: OutsideRules = { required: false, plugins: "refuse" };
const HEAD = "name: web\nruntime: nodejs\n";

async function said(
  t: TestContext,
  files: Readonly<Record<string, string>>,
  { rules = RULES, runtime = "nodejs" } = {},
): Promise<readonly string[]> {
  const root = makeTree(t, files);
  const problems = await outsideCode(root, { folder: "web", runtime }, rules);
  return lines(problems.map(({ hint, ...problem }) => (hint ? problem : { ...problem, message: "no hint" })));
}
const named = (t: TestContext, more: string, file = "web/Pulumi.yaml"): Promise<readonly string[]> =>
  said(t, { [file]: file.endsWith(".json") ? more : HEAD + more });

test("plugins of the repository's own are named with their lines", async t => {
  assert.deepEqual(
    await named(
      t,
      "plugins:\n  providers:\n    - { name: a, path: ./bin }\n  analyzers:\n    - { name: b, path: /b }\n",
    ),
    [
      "web/Pulumi.yaml:5:7 plugins.providers: a plugin of the repository's own would run outside of the program's box",
      "web/Pulumi.yaml:7:7 plugins.analyzers: a plugin of the repository's own would run outside of the program's box",
    ],
  );
});

test("packages by path are named, and those by name are not", async t => {
  const packages = {
    aws: "aws",
    pinned: "aws@v6.1.0",
    triple: "pulumi/acme/thing@1.2",
    url: "https://github.com/acme/thing",
    full: { source: "random", version: "4.0.0" },
  };
  const good = JSON.stringify({ name: "web", runtime: "nodejs", packages });
  assert.deepEqual(await named(t, good, "web/Pulumi.json"), []);
  for (const source of [
    "./sdk",
    "../x",
    "/opt/x",
    "a/b/c/d",
    "thing@master",
    "https://h/../..",
    " x",
    ".hidden",
  ]) {
    const found = await named(t, `packages:\n  mine: ${JSON.stringify(source)}\n`);
    assert.match(found[0] ?? "", /^web\/Pulumi\.yaml:4:9 packages: "mine"/, source);
  }
  const inside = await named(t, "packages:\n  mine: { source: ./sdk, version: 1.0.0 }\n");
  assert.equal(inside.length, 1);
});

test("a package by name that is a folder of the project as well is named", async t => {
  for (const [source, folder] of [
    ["acme/thing", "acme/thing"],
    ["thing@1.0.0", "thing"],
    ["git://host/x", "git:/host/x"],
  ] as const) {
    const found = await said(t, {
      "web/Pulumi.yaml": `${HEAD}packages: { p: "${source}" }\n`,
      [`web/${folder}/x`]: "",
    });
    assert.match(found.join(), /"p" may be taken from the folder/, source);
  }
});

test("keys are read as the CLI reads them", async t => {
  const json = (key: string): string =>
    JSON.stringify({ name: "web", runtime: "nodejs", [key]: { Providers: [{ name: "a", path: "b" }] } });
  for (const key of ["plugins", "Plugins", "PLUGIN\u017f"])
    assert.equal((await named(t, json(key), "web/Pulumi.json")).length, 1, key);
  const hidden = await named(t, "<<: { plugins: { providers: [{ name: a, path: b }] } }\n");
  assert.match(hidden[0] ?? "", /a merge may bring in plugins/);
  const deeper = await named(t, "plugins: { <<: { providers: [{ name: a, path: b }] } }\n");
  assert.match(deeper[0] ?? "", /a merge may bring in plugins/);
});

test("folders that a provider's name can lead through are named", async t => {
  const root = makeTree(t, { "web/Pulumi.yaml": HEAD, "web/pulumi-resource-x": "a file leads nowhere" });
  mkdirSync(path.join(root, "web/pulumi-resource-y"));
  symlinkSync(".", path.join(root, "web/pulumi-language-"));
  mkdirSync(path.join(root, "web/pulumi"));
  const found = await outsideCode(root, { folder: "web", runtime: "nodejs" }, RULES);
  assert.deepEqual(found.map(({ place }) => place?.file).sort(), [
    "web/pulumi-language-",
    "web/pulumi-resource-y",
  ]);
});

test("the operator may let plugins run outside", async t => {
  const files = { "web/Pulumi.yaml": `${HEAD}packages: { p: ./sdk }\n`, "web/pulumi-resource-x/y": "" };
  assert.deepEqual(await said(t, files, { rules: { required: true, plugins: "unboxed" } }), []);
});

test("another language's project brings no plugins either, nor a language", async t => {
  const files = {
    "web/Pulumi.yaml": "name: web\nruntime: x/../tools/evil\npackages: { p: ./sdk }\n",
    "web/pulumi-language-x/y": "",
  };
  assert.deepEqual(await said(t, files, { runtime: "x/../tools/evil" }), [
    'web/Pulumi.yaml:2:10 runtime: "x/../tools/evil" is no language, and could lead to a file of the repository',
    'web/Pulumi.yaml:3:16 packages: "p" is given by a path, and its plugin would run outside of the program\'s box',
    "web/pulumi-language-x a provider's name can lead through this folder to a file of the repository, which would run outside of the program's box",
  ]);
});

test("another language is refused where isolation is required, and only there", async t => {
  const files = { "web/Pulumi.yaml": "name: web\nruntime:\n  name: python\n" };
  assert.deepEqual(await said(t, files, { runtime: "python" }), []);
  assert.deepEqual(
    await said(t, files, { runtime: "python", rules: { required: true, plugins: "unboxed" } }),
    [
      "web/Pulumi.yaml:3:3 runtime: programs in python cannot be isolated, and the daemon's settings require isolation",
    ],
  );
});
