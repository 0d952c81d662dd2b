/** Repositories as people lay them out, none of them written for holdfast. Their programs make components and outputs only. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { settings, type EstateFiles } from "../support/estate.ts";
import { tempFolder, writeFiles } from "../support/git.ts";
import { must, openStage, type Stage } from "../support/holdfast.ts";

/** A project in a folder, with one stack `dev`. */
function folder(at: string, name: string, files: EstateFiles, more = ""): EstateFiles {
  return Object.fromEntries(
    Object.entries({
      "Pulumi.yaml": `name: ${name}\nruntime: nodejs\n${more}`,
      "Pulumi.dev.yaml": "",
      ...files,
    }).map(([file, text]) => [`${at}${file}`, text]),
  );
}

const manifest = (name: string, more: object = {}): string => JSON.stringify({ name, ...more });

/** What `pulumi new typescript` writes, apart from comments. */
const TSCONFIG = JSON.stringify({
  compilerOptions: {
    strict: true,
    outDir: "bin",
    target: "es2020",
    module: "commonjs",
    moduleResolution: "node",
    sourceMap: true,
    experimentalDecorators: true,
    pretty: true,
    noFallthroughCasesInSwitch: true,
    noImplicitReturns: true,
    forceConsistentCasingInFileNames: true,
  },
  files: ["index.ts"],
});

const READS = `
import * as fs from "fs";
import * as path from "path";
import * as data from "./data.json";
export const relative = fs.readFileSync("notes.txt", "utf8").trim();
export const beside = fs.readFileSync(path.join(__dirname, "notes.txt"), "utf8").trim();
export const json: number = data.answer;
`;

const READS_ESM = `
import * as fs from "node:fs";
import data from "./data.json" with { type: "json" };
const notes: string = await fs.promises.readFile(new URL("./notes.txt", import.meta.url), "utf8");
export const beside = notes.trim();
export const relative = fs.readFileSync("notes.txt", "utf8").trim();
export const json = data.answer;
`;

const CONFIG = `config:
  greeting: { type: string, default: hello }
  count: { type: integer, default: 3 }
  names: { type: array, items: { type: string }, default: [a, b] }
`;

const READS_CONFIG = `
const pulumi = require("@pulumi/pulumi");
const config = new pulumi.Config();
exports.greeting = config.require("greeting");
exports.count = config.requireNumber("count");
exports.names = config.requireObject("names");
`;

const SHARED = `
import * as pulumi from "@pulumi/pulumi";
export class Group extends pulumi.ComponentResource {
  readonly label: pulumi.Output<string>;
  constructor(name: string, options?: pulumi.ComponentResourceOptions) {
    super("shared:index:Group", name, {}, options);
    this.label = pulumi.output("label of " + name);
    this.registerOutputs({ label: this.label });
  }
}
`;
const USES_SHARED = `
import { Group } from "@acme/shared";
export const label = new Group("one").label;
`;

const usesShared = (name: string): EstateFiles =>
  folder(`mono/apps/${name}/`, `mono-${name}`, {
    "package.json": manifest(name, { version: "1.0.0", dependencies: { "@acme/shared": "^1.0.0" } }),
    "tsconfig.json": TSCONFIG,
    "index.ts": USES_SHARED,
  });

const workspaces: EstateFiles = {
  "mono/package.json": manifest("mono", { private: true, workspaces: ["packages/*", "apps/*"] }),
  "mono/packages/shared/package.json": manifest("@acme/shared", { version: "1.0.0", main: "index.ts" }),
  "mono/packages/shared/index.ts": SHARED,
  ...usesShared("one"),
  ...usesShared("two"),
};

const notes = { "notes.txt": "read me\n", "data.json": '{ "answer": 42 }' };

const files: EstateFiles = {
  ...settings(),
  ...folder("", "at-the-root", {
    // A `main` here would, as under the plain CLI, be the program of every project below without a package.json.
    "package.json": manifest("at-the-root"),
    "tsconfig.json": TSCONFIG,
    "index.ts": READS,
    ...notes,
  }),
  ...folder("esm/", "esm", {
    "package.json": manifest("esm", { type: "module", main: "index.ts" }),
    "index.ts": READS_ESM,
    ...notes,
  }),
  ...folder(
    "built/",
    "built",
    {
      "package.json": manifest("built"),
      "dist/index.js": 'exports.where = require("path").basename(__dirname);\n',
    },
    "main: dist/index.js\n",
  ),
  ...folder("typed/", "typed", { "index.js": READS_CONFIG }, CONFIG),
  "typed/Pulumi.dev.yaml": "config:\n  typed:count: 5\n",
  ...folder("Größe & co/ein ordner/", "dots.and-dashes_1", { "index.js": "exports.here = 'yes';\n" }),
  "Größe & co/ein ordner/Pulumi.eu-west.1_a.yaml": "",
  ...workspaces,
};

function lockfile(at: string): string {
  const args = ["install", "--package-lock-only", "--offline", "--ignore-scripts", "--no-audit"];
  execFileSync("npm", args, { cwd: at, stdio: "pipe" });
  return readFileSync(path.join(at, "package-lock.json"), "utf8");
}

async function outputsOf(stage: Stage, stack: string): Promise<unknown> {
  const exported = must(await stage.controller().exportState(stack));
  const text = JSON.stringify(exported);
  const found = /"type":"pulumi:pulumi:Stack".*?"outputs":(\{.*?\})[,}]"/.exec(text)?.[1];
  return JSON.parse(found ?? "{}");
}

test("layouts of repositories", async t => {
  const mono = tempFolder(t);
  writeFiles(mono, workspaces);
  const lock = lockfile(path.join(mono, "mono"));
  const stage = await openStage(t, { files: () => ({ ...files, "mono/package-lock.json": lock }) });
  const runs = await stage.run("converge");
  const cases: readonly (readonly [string, object])[] = [
    ["at-the-root/dev", { relative: "read me", beside: "read me", json: 42 }],
    ["esm/dev", { relative: "read me", beside: "read me", json: 42 }],
    ["built/dev", { where: "dist" }],
    ["typed/dev", { greeting: "hello", count: 5, names: ["a", "b"] }],
    ["dots.and-dashes_1/dev", { here: "yes" }],
    ["dots.and-dashes_1/eu-west.1_a", { here: "yes" }],
    ["mono-one/dev", { label: "label of one" }],
    ["mono-two/dev", { label: "label of one" }],
  ];
  for (const [stack, outputs] of cases)
    await t.test(stack, async () => {
      const run = runs.get(stack);
      assert.equal(run?.outcome, "converged", JSON.stringify(run?.failure));
      assert.deepEqual(await outputsOf(stage, stack), outputs);
    });
});
