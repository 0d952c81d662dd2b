/** Code that comes along with packages: nothing of it runs by being installed, but what is allowed by name. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test, type TestContext } from "node:test";
import type { StackDefinition } from "../../../src/engine/ports/stack.ts";
import { createInstaller } from "../../../src/program/installer.ts";
import { tempFolder } from "../../support/git.ts";

type Files = Readonly<Record<string, string>>;

/** All that npm runs by itself, of packages and of the project around them. */
const EVENTS = [
  "preinstall",
  "install",
  "postinstall",
  "prepublish",
  "preprepare",
  "prepare",
  "postprepare",
  "dependencies",
];

/** Each script says that it ran, in a folder beside everything. */
const scripts = (who: string, ran: string): Files =>
  Object.fromEntries(EVENTS.map(event => [event, `touch ${path.join(ran, `${who}-${event}`)}`]));

function tarball(folder: string, file: string, files: Files): void {
  const made = path.join(folder, "package");
  mkdirSync(made, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(made, name), text);
  execFileSync("tar", ["-czf", file, "package"], { cwd: folder });
}

const DEPENDENCIES = ["scripted", "allowed", "native"];

/** A project with scripts of its own, and packages with scripts, one of them only by what npm does with a binding.gyp. */
function checkout(t: TestContext, ran: string): string {
  const root = tempFolder(t);
  mkdirSync(path.join(root, "vendor"));
  const manifest = (name: string, more: object = {}): string =>
    JSON.stringify({ name, version: "1.0.0", ...more });
  const gyp = `{ "targets": [{ "target_name": "x", "actions": [], "sources": [ "<!(touch ${path.join(ran, "native-gyp")})" ] }] }`;
  const contents: Readonly<Record<string, Files>> = {
    scripted: { "package.json": manifest("scripted", { scripts: scripts("scripted", ran) }) },
    allowed: { "package.json": manifest("allowed", { scripts: scripts("allowed", ran) }) },
    native: { "package.json": manifest("native"), "binding.gyp": gyp },
  };
  for (const [name, files] of Object.entries(contents))
    tarball(tempFolder(t), path.join(root, "vendor", `${name}.tgz`), files);
  const dependencies = Object.fromEntries(DEPENDENCIES.map(name => [name, `file:vendor/${name}.tgz`]));
  const entries = DEPENDENCIES.map((name): [string, object] => [
    `node_modules/${name}`,
    { version: "1.0.0", resolved: `file:vendor/${name}.tgz`, hasInstallScript: true },
  ]);
  const packages = { "": { name: "web", dependencies }, ...Object.fromEntries(entries) };
  writeFileSync(
    path.join(root, "package.json"),
    JSON.stringify({ name: "web", scripts: scripts("project", ran), dependencies }),
  );
  writeFileSync(
    path.join(root, "package-lock.json"),
    JSON.stringify({ name: "web", lockfileVersion: 3, packages }),
  );
  // It would turn scripts on, and name another shell for them.
  writeFileSync(
    path.join(root, ".npmrc"),
    "ignore-scripts=false\nforeground-scripts=true\nscript-shell=/bin/sh\n",
  );
  return root;
}

async function install(t: TestContext, allowScripts: readonly string[]): Promise<readonly string[]> {
  const ran = tempFolder(t);
  const root = checkout(t, ran);
  const installer = createInstaller({
    holdfast: path.resolve(import.meta.dirname, "../../.."),
    cache: path.join(tempFolder(t), "installs"),
    env: { PATH: process.env["PATH"] ?? "", HOME: ran },
    redact: text => text,
  });
  const stack = { folder: "", runtime: "nodejs" } as StackDefinition;
  const done = await installer.prepare(root, stack, new AbortController().signal, { allowScripts });
  assert.ok(done.ok, JSON.stringify(done));
  for (const name of DEPENDENCIES)
    assert.match(readFileSync(path.join(root, "node_modules", name, "package.json"), "utf8"), /1\.0\.0/);
  const events = ["project", ...DEPENDENCIES].flatMap(who =>
    [...EVENTS, "gyp"].map(event => `${who}-${event}`),
  );
  return events.filter(name => existsSync(path.join(ran, name)));
}

test("no script of a project or its packages runs, whatever an .npmrc of the repository says", async t => {
  assert.deepEqual(await install(t, []), []);
});

test("a package that is named runs its own install scripts, and nobody else's", async t => {
  const ran = await install(t, ["allowed"]);
  assert.ok(ran.includes("allowed-install") && ran.includes("allowed-postinstall"), ran.join());
  assert.deepEqual(
    ran.filter(name => !name.startsWith("allowed-")),
    [],
  );
});

test("a name that looks like an option, or that no package has, does not stand for all of them", async t => {
  assert.deepEqual(await install(t, ["--all", "-g"]), []);
  assert.deepEqual(await install(t, ["absent"]), []);
});
