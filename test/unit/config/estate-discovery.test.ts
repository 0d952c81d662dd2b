import assert from "node:assert/strict";
import { mkdirSync, symlinkSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { createEstateReader } from "../../../src/config/estate-reader.ts";
import { makeTree } from "../../support/tree.ts";
import { allProblems, lines, PROJECTS, readEstate, readProblems } from "./reading.ts";

test("without a holdfast.yaml every stack is found and none is managed", async context => {
  const estate = await readEstate(context, PROJECTS);
  assert.deepEqual(
    estate.stacks.map(({ name, folder, stackFile, runtime, main }) => ({
      name,
      folder,
      stackFile,
      runtime,
      main,
    })),
    [
      {
        name: "cluster/prod",
        folder: "cluster",
        stackFile: "cluster/Pulumi.prod.yaml",
        runtime: "yaml",
        main: "src",
      },
      {
        name: "hosts/camelot",
        folder: "hosts",
        stackFile: "hosts/Pulumi.camelot.yaml",
        runtime: "nodejs",
        main: undefined,
      },
      {
        name: "hosts/frodo",
        folder: "hosts",
        stackFile: "hosts/Pulumi.frodo.yaml",
        runtime: "nodejs",
        main: undefined,
      },
    ],
  );
  assert.ok(estate.stacks.every(({ settings }) => !settings.managed));
  assert.equal(estate.organization, "organization");
});

test("a project at the root, in .yml and in .json with tabs, each with stack files of its own ending", async context => {
  const estate = await readEstate(context, {
    "Pulumi.yml": "name: top\nruntime: go\n",
    "Pulumi.dev.yml": "",
    "Pulumi.other.yaml": "",
    "sub/Pulumi.json": '{\n\t"name": "sub",\n\t"runtime": "python"\n}\n',
    "sub/Pulumi.dev.json": "{}",
  });
  assert.deepEqual(
    estate.stacks.map(({ name, folder, stackFile }) => [name, folder, stackFile]),
    [
      ["top/dev", "", "Pulumi.dev.yml"],
      ["sub/dev", "sub", "sub/Pulumi.dev.json"],
    ],
  );
});

test("stack files are read from stackConfigDir, or from its older name config", async context => {
  const estate = await readEstate(context, {
    "a/Pulumi.yaml": "name: a\nruntime: nodejs\nstackConfigDir: stacks\n",
    "a/stacks/Pulumi.dev.yaml": "",
    "b/Pulumi.yaml": "name: b\nruntime: nodejs\nconfig: ../shared/\n",
    "shared/Pulumi.prod.yaml": "",
    "c/Pulumi.yaml": "name: c\nruntime: nodejs\nconfig: { a: b }\n",
    "c/Pulumi.x.yaml": "",
  });
  assert.deepEqual(
    estate.stacks.map(({ name, stackFile }) => [name, stackFile]),
    [
      ["a/dev", "a/stacks/Pulumi.dev.yaml"],
      ["b/prod", "shared/Pulumi.prod.yaml"],
      ["c/x", "c/Pulumi.x.yaml"],
    ],
  );
});

test("node_modules, dot folders and folders behind links are not looked into", async context => {
  const root = makeTree(context, {
    ...PROJECTS,
    "node_modules/x/Pulumi.yaml": "name: x\nruntime: nodejs\n",
    ".hidden/Pulumi.yaml": "name: y\nruntime: nodejs\n",
  });
  const outside = makeTree(context, { "Pulumi.yaml": "name: z\nruntime: nodejs\n", "Pulumi.dev.yaml": "" });
  symlinkSync(outside, path.join(root, "linked"));
  symlinkSync("hosts", path.join(root, "again"));
  const result = await createEstateReader().read(root);
  assert.ok(result.ok, JSON.stringify(result));
  assert.equal(result.value.stacks.length, 3);
});

test("a project file that is a link out of the checkout is refused, one inside it is read", async context => {
  const secret = makeTree(context, { "Pulumi.yaml": "name: z\nruntime: nodejs\n" });
  const root = makeTree(context, {
    "a/Real.yaml": "name: inside\nruntime: nodejs\n",
    "a/Pulumi.dev.yaml": "",
  });
  symlinkSync("Real.yaml", path.join(root, "a", "Pulumi.yaml"));
  const good = await createEstateReader().read(root);
  assert.ok(good.ok && good.value.stacks[0]?.name === "inside/dev");
  mkdirSync(path.join(root, "b"));
  symlinkSync(path.join(secret, "Pulumi.yaml"), path.join(root, "b", "Pulumi.yaml"));
  const bad = await createEstateReader().read(root);
  assert.ok(bad.ok && bad.value.stacks[0]?.name === "inside/dev");
  assert.deepEqual(lines(allProblems(bad)), [
    "b/Pulumi.yaml the file is a link that leads out of the repository",
  ]);
});

test("all mistakes in project files come at once, each with its place", async context => {
  const problems = await readProblems(context, {
    "a/Pulumi.yaml": "name: same\nruntime: nodejs\n",
    "b/Pulumi.yaml": "name: same\nruntime: nodejs\n",
    "c/Pulumi.yaml": "name: [oops\n",
    "d/Pulumi.yaml": "name: d d\nmain: ../../etc\n",
    "e/Pulumi.yaml": "name: e\nname: f\nruntime: nodejs\n",
    "f/Pulumi.yaml": "name: g\nruntime: nodejs\n",
    "f/Pulumi.yml": "name: g\nruntime: nodejs\n",
    "f/Pulumi.my stack.yaml": "",
    "g/Pulumi.yaml": "",
  });
  const said = lines(problems);
  assert.deepEqual(
    said.filter(line => !line.startsWith("c/")),
    [
      'b/Pulumi.yaml project "same" is in two folders: here and in a/Pulumi.yaml (give one of them another name)',
      'd/Pulumi.yaml:1:1 runtime: the project needs a runtime, for example "nodejs"',
      "d/Pulumi.yaml:1:7 name: the project needs a name of letters, digits, - _ and .",
      "d/Pulumi.yaml:2:7 main: must be a path inside the repository",
      "e/Pulumi.yaml:2:1 this key is there twice; keep one of them",
      'f/Pulumi.my stack.yaml "my stack" is not a name that a stack can have (letters, digits, - _ . and at most 100 of them)',
      "f/Pulumi.yaml more than one project file in this folder: f/Pulumi.yaml, f/Pulumi.yml (keep one)",
      "g/Pulumi.yaml:1:1 not a Pulumi project file",
    ],
  );
  assert.match(said.find(line => line.startsWith("c/")) ?? "", /^c\/Pulumi\.yaml:2:1 not valid YAML: /);
});

test("a file that is too big, an alias bomb and bottomless nesting are refused, not read", async context => {
  const bomb = [
    "a: &a [x,x,x,x,x,x,x,x,x,x]",
    ...["b", "c", "d", "e", "f"].map((key, index) => {
      const alias = `*${String.fromCharCode(97 + index)}`;
      return `${key}: &${key} [${Array(10).fill(alias).join(",")}]`;
    }),
  ].join("\n");
  const problems = await readProblems(context, {
    "big/Pulumi.yaml": `name: big\nruntime: nodejs\n#${"x".repeat(1_000_000)}`,
    "bomb/Pulumi.yaml": bomb,
    "deep/Pulumi.yaml": "[".repeat(100_000),
  });
  const said = lines(problems);
  assert.equal(said[0], "big/Pulumi.yaml the file is 1000027 bytes long; the most is 1000000");
  assert.match(said[1] ?? "", /^bomb\/Pulumi\.yaml aliases: Excessive alias count/);
  assert.match(said[2] ?? "", /^deep\/Pulumi\.yaml/);
  assert.ok(said.length <= 12);
});
