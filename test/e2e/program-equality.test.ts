/** The same programs give the same outputs and resources under holdfast's worker and under the SDK's own `cmd/run`. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createProgramBench, type Fixture, type ProgramBench } from "../support/program/program-bench.ts";

interface Case extends Fixture {
  /** Set where the ordinary way needs help: ts-node can't be had for ESM, but Node strips types itself. */
  readonly plainNode?: boolean;
  readonly outputs: unknown;
}

const cases: readonly Case[] = [
  {
    name: "commonjs-typescript",
    outputs: {
      text: "Hello, world!",
      folder: "commonjs-typescript",
      workingFolder: true,
      programArguments: [],
      stack: "dev",
    },
  },
  { name: "esm-typescript", plainNode: true, outputs: { name: "esm-typescript", four: 4, file: "index.ts" } },
  { name: "esm-javascript", outputs: { later: "later", nested: { list: [1, "two", null, true] } } },
  { name: "commonjs-javascript", outputs: { number: 42, output: ["a", "b"], main: false } },
  {
    name: "main-in-project",
    main: "program/entry.ts",
    outputs: { project: "main-in-project", folder: "program", workingFolder: "program" },
  },
  { name: "main-folder", main: "program/", outputs: { folder: "program", workingFolder: "program" } },
  { name: "main-in-package", outputs: { folder: "source", workingFolder: "main-in-package" } },
  { name: "exports-in-package", outputs: { which: "exports" } },
  {
    name: "stack-config-folder",
    outputs: { color: "green", size: 3, shape: { corners: 4 }, elsewhere: "elsewhere", missing: "none" },
  },
  {
    name: "exported-function",
    outputs: {
      urn: "urn:pulumi:dev::exported-function::fixture:index:Thing::inside",
      when: "after a while",
    },
  },
  { name: "late-resources", outputs: { early: true } },
  {
    name: "secret-outputs",
    outputs: {
      password: "[secret]",
      derived: "[secret]",
      nested: { open: "yes", hidden: "[secret]" },
      joined: "[secret]",
    },
  },
  {
    name: "typescript-features",
    outputs: {
      level: "High",
      ten: 10,
      area: 9,
      sum: 3,
      sealedClass: true,
      name: "index.ts",
      fromJson: 42,
      text: "text",
      satisfied: { a: 1 },
    },
  },
  { name: "plain-node", outputs: { loadedBefore: true, limit: 33 } },
  { name: "stack-reference", outputs: { text: "Hello, world!", absent: "absent" } },
  {
    name: "callbacks",
    outputs: {
      values: ["one", "two", "three"].map(name => `${name}-by-itself-by-the-stack`),
      hooks: ["after", "before"].flatMap(when => ["one", "three", "two"].map(name => `${when} of ${name}`)),
    },
  },
  { name: "dynamic-provider", outputs: { id: "made-plain-one", label_: "made-plain-one" } },
  {
    name: "monorepo",
    folder: "stacks/web",
    project: "web",
    outputs: {
      touched: 1,
      oneCopyOfInner: true,
      oneCopyOfTheSdk: true,
      sharedIsHere: "../../packages/shared/index.ts",
      installScriptRan: false,
    },
  },
];

let bench: ProgramBench;
before(async () => (bench = await createProgramBench()));
after(() => bench.close());

for (const each of cases) {
  test(`${each.name} does the same in a worker as with the SDK's own runner`, async () => {
    const native: Record<string, string> = each.plainNode ? { REFERENCE_PLAIN: "true" } : {};
    const [worker, ordinary] = await Promise.all([
      bench.upWithWorker(each),
      bench.upOrdinary(each, { PULUMI_NODEJS_TRANSPILE_ONLY: "true", ...native }),
    ]);
    assert.equal(worker.result.code, 0, worker.text);
    assert.equal(ordinary.result.code, 0, ordinary.text);
    const project = each.project ?? each.name;
    const seen = bench.contentOf(project, "worker");
    assert.deepEqual(seen.outputs, each.outputs);
    assert.deepEqual(seen, bench.contentOf(project, "ordinary"));
  });
}
