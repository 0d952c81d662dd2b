/** The project that stands for a stack without a program. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import type { PathRule, PlainHost, StackDefinition } from "../../../src/engine/ports/stack.ts";
import { DEFAULT_SETTINGS } from "../../../src/config/stack-settings.ts";
import { createInstaller } from "../../../src/program/installer.ts";
import {
  readSettings,
  type PathRule as ReadRule,
  type PlainSettings,
} from "../../../src/sdk/plain/settings.ts";
import { tempFolder } from "../../support/git.ts";

const holdfast = path.resolve(import.meta.dirname, "../../..");

const stack = (name: string): StackDefinition => ({
  name: `boxes/${name}`,
  project: "boxes",
  stack: name,
  folder: "",
  runtime: "nodejs",
  settings: DEFAULT_SETTINGS,
  host: {
    connection: "ssh://deploy@frodo",
    sudo: true,
    folders: { files: ["frodo"], units: [], cron: [], containers: [] },
    values: { owner: "platform" },
    paths: [],
    sources: ["frodo"],
  },
});

test("nothing is written into the checkout, and the project is the same for all stacks and revisions", async t => {
  const [cache, root] = [tempFolder(t), tempFolder(t)];
  const installer = createInstaller({ holdfast, cache, redact: text => text });
  const prepare = async (name: string) => {
    const prepared = await installer.prepare(root, stack(name), new AbortController().signal);
    assert.ok(prepared.ok, JSON.stringify(prepared));
    return prepared.value;
  };
  const all = await Promise.all(["frodo", "camelot", "bilbo"].map(prepare));
  const [first] = all;
  assert.ok(first);
  assert.equal(new Set(all.map(({ folder }) => folder)).size, 1);
  assert.deepEqual(readdirSync(root), []);
  assert.deepEqual(readdirSync(first.folder).sort(), ["Pulumi.yaml", "package.json"]);
  const project = JSON.parse(readFileSync(path.join(first.folder, "Pulumi.yaml"), "utf8")) as {
    readonly name: string;
    readonly main: string;
  };
  assert.equal(project.name, "boxes");
  assert.ok(statSync(project.main).isFile(), "the program is there");
  const before = statSync(path.join(first.folder, "Pulumi.yaml"));
  await prepare("frodo");
  assert.equal(statSync(path.join(first.folder, "Pulumi.yaml")).ino, before.ino, "it is not written anew");
  assert.deepEqual(first.readable, [root, first.folder]);
  assert.deepEqual(first.plugins, []);
});

type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;
type Told = Omit<PlainHost, "sources">;
type Read = Omit<PlainSettings, "root" | "stack">;

test("daemon and program have one word for each thing", () => {
  // The compiler says where the two descriptions part.
  const rules: Same<PathRule, ReadRule> = true;
  const hosts: Same<Told, Read> = true;
  assert.ok(rules && hosts);
});

test("the program reads what the daemon tells it", async t => {
  const root = tempFolder(t);
  const installer = createInstaller({ holdfast, cache: tempFolder(t), redact: text => text });
  const prepared = await installer.prepare(root, stack("frodo"), new AbortController().signal);
  assert.ok(prepared.ok);
  const { sources: _sources, ...told } = stack("frodo").host ?? assert.fail();
  const { sources: _also, ...read } = readSettings({ ...prepared.value.env }) as ReturnType<
    typeof readSettings
  > & { sources: unknown };
  assert.deepEqual(read, { ...told, root, stack: "frodo" });
  assert.throws(() => readSettings({}), /this program is started by holdfast/);
});
