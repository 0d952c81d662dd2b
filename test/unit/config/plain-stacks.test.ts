/** Stacks without a program: what holdfast.yaml says of them, and every mistake in it at its place. */
import assert from "node:assert/strict";
import { symlinkSync } from "node:fs";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { createEstateReader } from "../../../src/config/estate-reader.ts";
import { problemsOf as whyUnknown } from "../../../src/engine/stalled.ts";
import { concerns } from "../../../src/engine/concern.ts";
import { makeTree } from "../../support/tree.ts";
import { lines, PROJECTS, readEstate, readProblems } from "./reading.ts";

const FILES = {
  "boxes/frodo/files/etc/motd": "hello\n",
  "boxes/frodo/units/app.service": "[Service]\n",
  "boxes/all/files/etc/hosts": "127.0.0.1 localhost\n",
  "boxes/frodo/values.yaml": "port: 8080\nowner: platform\n",
};

const CONNECTION = "connection: ssh://deploy@frodo";

/** The section `host` of box/frodo, in YAML's flow form. */
const withHost = (host: string): Readonly<Record<string, string>> => ({
  ...FILES,
  "holdfast.yaml": `stacks:\n  "box/frodo":\n    host: { ${host} }\n`,
});

const said = async (t: TestContext, host: string): Promise<string[]> =>
  lines(await readProblems(t, withHost(host)));

test("a stack without a program is described by holdfast.yaml alone", async t => {
  const { stacks } = await readEstate(t, {
    ...FILES,
    "holdfast.yaml": `stacks:
  "*": { drift: { every: 1m } }
  "box/frodo":
    firstApply: allow
    host:
      ${CONNECTION}
      sudo: true
      files: [./boxes/all/files/, boxes/frodo/files]
      units: ./boxes/frodo/units
      values: [boxes/frodo/values.yaml, { owner: ops }]
      paths:
        "/etc/**": { owner: root, mode: "0640" }
        "/etc/app/": { group: "1000" }
`,
  });
  assert.equal(stacks.length, 1);
  const { host, settings, ...stack } = stacks[0] ?? assert.fail("no stack");
  assert.deepEqual(stack, {
    name: "box/frodo",
    project: "box",
    stack: "frodo",
    folder: "",
    runtime: "nodejs",
  });
  assert.equal(settings.drift.every, 60_000, "settings of a pattern count for it");
  assert.equal(settings.firstApply, "allow");
  assert.deepEqual(host, {
    connection: "ssh://deploy@frodo",
    sudo: true,
    folders: {
      files: ["boxes/all/files", "boxes/frodo/files"],
      units: ["boxes/frodo/units"],
      cron: [],
      containers: [],
    },
    values: { port: 8080, owner: "ops" },
    paths: [
      {
        pattern: "/etc/**",
        owner: "root",
        mode: "0640",
        place: { file: "holdfast.yaml", line: 12, column: 9 },
      },
      { pattern: "/etc/app/", group: "1000", place: { file: "holdfast.yaml", line: 13, column: 9 } },
    ],
    sources: ["boxes/all/files", "boxes/frodo/files", "boxes/frodo/units", "boxes/frodo/values.yaml"],
  });
});

test("mistakes have file, line and column", async t => {
  const cases: readonly [host: string, problem: string][] = [
    ["files: boxes/frodo/files", '3:11 stacks["box/frodo"].host.connection: '],
    [`${CONNECTION}, file: x`, '3:45 unknown key "stacks["box/frodo"].host.file" (did you mean "files"?)'],
    [`${CONNECTION}, files: ../x`, '3:52 stacks["box/frodo"].host.files: write a path from the root'],
    [
      `${CONNECTION}, files: [boxes/frodo/files, 7]`,
      '3:72 stacks["box/frodo"].host.files[1]: text is wanted here',
    ],
    [
      "connection: frodo, files: boxes/frodo/files",
      '3:25 stacks["box/frodo"].host.connection: write "ssh://',
    ],
    [`${CONNECTION}, files: boxes/bilbo`, '3:52 host.files: "boxes/bilbo" is not there (Git keeps no empty'],
    [
      `${CONNECTION}, files: boxes/frodo/values.yaml`,
      '3:52 host.files: "boxes/frodo/values.yaml" is not a folder',
    ],
    [`${CONNECTION}, files: .`, '3:52 host.files: "." is the whole repository; name a folder in it'],
    [
      `${CONNECTION}, files: boxes/frodo, units: boxes/frodo/units`,
      '3:72 host.units: "boxes/frodo/units" lies in "boxes/frodo", which host.files names',
    ],
    [CONNECTION, "3:11 host: says nothing of what is on it: name a folder with files"],
    [
      `${CONNECTION}, files: boxes/frodo/files, values: none.yaml`,
      '3:79 host.values: there is no file "none.yaml"',
    ],
    [
      `${CONNECTION}, files: boxes/frodo/files, values: { "a b": 1 }`,
      '3:81 stacks["box/frodo"].host.values["a b"]: a template cannot use this name',
    ],
    [
      `${CONNECTION}, files: boxes/frodo/files, paths: { "/etc/motd": { mode: 0644 } }`,
      '3:101 stacks["box/frodo"].host.paths["/etc/motd"].mode: write octal digits in quotes: "0644"',
    ],
    [
      `${CONNECTION}, files: boxes/frodo/files, paths: { "/etc/motd": { reload: a.service, restart: a.service } }`,
      '3:93 stacks["box/frodo"].host.paths["/etc/motd"]: reload, restart and command exclude each other',
    ],
    [
      `${CONNECTION}, files: boxes/frodo/files, paths: { "/etc/": { reload: nginx.service } }`,
      '3:99 host.paths: reload is for files (write "/etc/**")',
    ],
    [
      `${CONNECTION}, files: boxes/frodo/files, paths: { "etc/motd": {} }`,
      '3:80 stacks["box/frodo"].host.paths["etc/motd"]: write a path of the host',
    ],
  ];
  for (const [host, problem] of cases) {
    const [first = "", ...more] = await said(t, host);
    assert.deepEqual(more, [], host);
    assert.ok(first.startsWith(`holdfast.yaml:${problem}`), `${host}\n  said ${first}\n  not  ${problem}`);
  }
});

test("a values file is told with its own place, and an encrypted one belongs elsewhere", async t => {
  const read = async (text: string): Promise<string[]> =>
    lines(
      await readProblems(t, {
        ...withHost(`${CONNECTION}, files: boxes/frodo/files, values: boxes/frodo/values.yaml`),
        "boxes/frodo/values.yaml": text,
      }),
    );
  assert.deepEqual(await read("port: 1\nport: 2\n"), [
    "boxes/frodo/values.yaml:2:1 this key is there twice; keep one of them",
  ]);
  assert.deepEqual(await read("- a\n"), ["boxes/frodo/values.yaml:1:1 keys with values is wanted here"]);
  const [encrypted = ""] = await read("port: ENC[x]\nsops: {}\n");
  assert.match(encrypted, /values\.yaml" is encrypted \(name it under `secrets`/);
});

test("a folder behind a link is refused: commits could not be held against it", async t => {
  const root = makeTree(t, withHost(`${CONNECTION}, files: boxes/link`));
  symlinkSync("frodo/files", path.join(root, "boxes/link"));
  const result = await createEstateReader().read(root);
  assert.ok(result.ok);
  assert.match(result.value.flaws[0]?.problems[0]?.message ?? "", /"boxes\/link" is behind a link/);
});

test("a file of values behind a link is refused as well", async t => {
  const root = makeTree(t, withHost(`${CONNECTION}, files: boxes/frodo/files, values: boxes/link.yaml`));
  symlinkSync("frodo/values.yaml", path.join(root, "boxes/link.yaml"));
  const result = await createEstateReader().read(root);
  assert.ok(result.ok);
  const [problem] = result.value.flaws[0]?.problems ?? [];
  assert.equal(problem?.message, 'host.values: "boxes/link.yaml" is behind a link; name the file itself');
});

test("a name that a program has already, or a pattern, is refused", async t => {
  const [taken = ""] = lines(
    await readProblems(t, {
      ...PROJECTS,
      ...FILES,
      "holdfast.yaml": `stacks:\n  "hosts/frodo":\n    host: { ${CONNECTION}, files: boxes/frodo/files }\n`,
    }),
  );
  assert.match(taken, /^holdfast\.yaml:3:5 host: "hosts\/frodo" has a program already: hosts\/Pulumi\.frodo/);
  const [, pattern = ""] = lines(
    await readProblems(t, {
      ...FILES,
      "holdfast.yaml": `stacks:\n  "box/*":\n    host: { ${CONNECTION}, files: boxes/frodo/files }\n`,
    }),
  );
  assert.match(pattern, /^holdfast\.yaml:3:5 host: a stack without a program has a name of its own/);
});

test("a mistake stalls this stack alone, and the stack is not gone for it", async t => {
  for (const host of [`${CONNECTION}, files: boxes/none`, `${CONNECTION}, fils: x`, "7"]) {
    const files = withHost(host);
    const text = `${files["holdfast.yaml"] ?? ""}  "cluster/prod": {}\n`.replace("{ 7 }", "7");
    const result = await createEstateReader().read(
      makeTree(t, { ...PROJECTS, ...files, "holdfast.yaml": text }),
    );
    assert.ok(result.ok, JSON.stringify(result));
    assert.ok(result.value.stacks.some(({ name }) => name === "cluster/prod"));
    assert.ok(!result.value.stacks.some(({ name }) => name === "box/frodo"), host);
    assert.equal(whyUnknown(result.value, "box/frodo")?.length, 1, host);
  }
});

test("commits concern it where they touch its folders, its values or its secrets", async t => {
  const { stacks } = await readEstate(t, {
    ...withHost(`${CONNECTION}, files: boxes/frodo/files, values: boxes/frodo/values.yaml`),
    "README.md": "hello\n",
  });
  const [stack] = stacks;
  assert.ok(stack);
  assert.ok(concerns(stack, ["boxes/frodo/files/etc/motd"]));
  assert.ok(concerns(stack, ["boxes/frodo/values.yaml"]));
  assert.ok(concerns(stack, ["holdfast.yaml"]));
  assert.ok(concerns(stack, undefined));
  assert.ok(!concerns(stack, ["README.md", "boxes/frodo/units/app.service", "boxes/frodo/files2/x"]));
  const more = { ...stack, settings: { ...stack.settings, inputs: ["lib/**"] } };
  assert.ok(concerns(more, ["lib/a.yaml"]) && concerns(more, ["boxes/frodo/files/etc/motd"]));
});
