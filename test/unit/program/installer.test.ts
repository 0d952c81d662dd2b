import assert from "node:assert/strict";
import {
  chmodSync,
  cpSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import type { Failure, Result } from "../../../src/engine/failure.ts";
import type { PreparedProgram } from "../../../src/engine/ports/program.ts";
import type { StackDefinition } from "../../../src/engine/ports/stack.ts";
import { createInstaller } from "../../../src/program/installer.ts";

const repository = path.resolve(import.meta.dirname, "../../..");
const fixtures = path.join(repository, "test/fixtures/programs");
const root = mkdtempSync(path.join(os.tmpdir(), "holdfast-installer-"));
after(() => {
  // Read-only folders keep their content from anybody but root.
  for (const name of readdirSync(root, { recursive: true, encoding: "utf8" })) {
    const file = path.join(root, name);
    if (lstatSync(file).isDirectory()) chmodSync(file, 0o755);
  }
  rmSync(root, { recursive: true, force: true });
});
const signal = new AbortController().signal;
let made = 0;

function newFolder(): string {
  made += 1;
  const folder = path.join(root, String(made));
  mkdirSync(folder);
  return folder;
}

/** A checkout as the source room makes it: nothing in it can be written. */
function readOnly(folder: string): void {
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    const file = path.join(folder, name);
    chmodSync(file, statSync(file).isDirectory() ? 0o555 : 0o444);
  }
  chmodSync(folder, 0o555);
}

function checkOut(name: string): string {
  const folder = newFolder();
  cpSync(path.join(fixtures, name), folder, { recursive: true });
  readOnly(folder);
  return folder;
}

function write(files: Readonly<Record<string, string>>): string {
  const folder = newFolder();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
  }
  return folder;
}

function setUp(env: Record<string, string> = {}) {
  const cache = path.join(newFolder(), "installs");
  const progress: string[] = [];
  const installer = createInstaller({
    holdfast: repository,
    cache,
    env: { PATH: process.env.PATH ?? "", HOME: root, ...env },
    redact: text => text.replaceAll("hush-hush", "[secret]"),
    onProgress: text => progress.push(text),
  });
  const prepare = (
    checkout: string,
    folder = "",
    allowScripts: readonly string[] = [],
  ): Promise<Result<PreparedProgram>> =>
    installer.prepare(checkout, { folder, runtime: "nodejs" } as StackDefinition, signal, { allowScripts });
  return { cache, progress, prepare };
}

function failureOf(result: Result<unknown>): Failure {
  assert.equal(result.ok, false);
  return result.failure;
}

const load = (from: string, name: string): unknown => createRequire(path.join(from, "x.js"))(name);

test("a project without a package.json gets holdfast's own SDK, also in a read-only checkout", async () => {
  const checkout = checkOut("commonjs-javascript");
  const prepared = await setUp().prepare(checkout);
  assert.ok(prepared.ok);
  const sdk = realpathSync(path.join(repository, "node_modules/@pulumi/pulumi"));
  assert.deepEqual(prepared.value, {
    folder: checkout,
    sdk,
    readable: [checkout],
    pathEntries: [sdk, path.dirname(process.execPath)],
    plugins: [],
  });
  assert.equal(realpathSync(path.join(checkout, "node_modules/@pulumi/pulumi")), sdk);
  assert.equal(statSync(checkout).mode & 0o777, 0o555);
});

test("two checkouts share one install, and workspace packages are each checkout's own", async () => {
  const { cache, progress, prepare } = setUp();
  const [one, two] = [checkOut("monorepo"), checkOut("monorepo")];
  assert.ok((await prepare(one, "stacks/web")).ok);
  assert.ok((await prepare(two, "stacks/web")).ok);
  assert.deepEqual(progress, ["installing packages of package-lock.json with npm"]);
  assert.equal(readdirSync(cache).length, 1);
  const target = (checkout: string, name: string): string =>
    readlinkSync(path.join(checkout, "node_modules", name));
  assert.equal(target(one, "fixture-inner"), target(two, "fixture-inner"));
  assert.equal(target(one, "@fixture/shared"), path.join(one, "packages/shared"));
  assert.equal(target(two, "@fixture/shared"), path.join(two, "packages/shared"));
  assert.equal(statSync(one).mode & 0o777, 0o555);
});

test("a shared package finds its own dependencies, and there is one copy of each", async () => {
  const checkout = checkOut("monorepo");
  assert.ok((await setUp().prepare(checkout, "stacks/web")).ok);
  const outer = load(checkout, "fixture-outer") as { touch(): number };
  const before = (load(checkout, "fixture-inner") as { count: number }).count;
  assert.equal(outer.touch(), before + 1);
  assert.equal((load(checkout, "fixture-inner") as { count: number }).count, before + 1);
});

test("install scripts run for packages that are named, and for no other", async () => {
  const { cache, prepare } = setUp();
  const [without, allowed] = [checkOut("monorepo"), checkOut("monorepo")];
  assert.ok((await prepare(without, "stacks/web")).ok);
  assert.ok((await prepare(allowed, "stacks/web", ["fixture-outer"])).ok);
  const ran = (checkout: string): boolean =>
    readdirSync(realpathSync(path.join(checkout, "node_modules/fixture-outer"))).includes("script-ran");
  assert.equal(ran(without), false);
  assert.equal(ran(allowed), true);
  assert.equal(readdirSync(cache).length, 2);
});

test("installs of one lockfile at the same time end as one", async () => {
  const { cache, prepare } = setUp();
  const [one, two] = [checkOut("monorepo"), checkOut("monorepo")];
  const all = await Promise.all([
    prepare(one, "stacks/web"),
    prepare(one, "stacks/web"),
    prepare(two, "stacks/web"),
  ]);
  assert.ok(all.every(result => result.ok));
  assert.equal(readdirSync(cache).length, 1);
});

test("what a dead process left half installed is removed", async () => {
  const { cache, prepare } = setUp();
  // No process has this number: it is beyond what Linux gives out.
  mkdirSync(path.join(cache, "making-4194305-x"), { recursive: true });
  assert.ok((await prepare(checkOut("monorepo"), "stacks/web")).ok);
  assert.deepEqual(
    readdirSync(cache).filter(name => name.startsWith("making")),
    [],
  );
});

test("dependencies without a lockfile are the committer's to fix", async () => {
  const manifest = '{ "dependencies": { "@pulumi/pulumi": "^3", "left-pad": "1" } }';
  const failure = failureOf(await setUp().prepare(write({ "hosts/package.json": manifest }), "hosts"));
  assert.deepEqual(failure, {
    kind: "stalled",
    reason: "config-invalid",
    problems: [
      {
        message: "no lockfile says which versions of left-pad to install",
        place: { file: "hosts/package.json" },
        hint: "run npm install and commit package-lock.json",
      },
    ],
  });
});

test("dependencies from Git and from outside the repository are refused, all at once", async () => {
  const lock = {
    lockfileVersion: 3,
    packages: {
      "": {},
      "node_modules/a": { resolved: "git+ssh://git@example.org/a.git#1" },
      "../../outside": {},
    },
  };
  const checkout = write({ "hosts/package.json": "{}", "hosts/package-lock.json": JSON.stringify(lock) });
  const failure = failureOf(await setUp().prepare(checkout, "hosts"));
  assert.ok(failure.kind === "stalled" && failure.reason === "config-invalid");
  assert.deepEqual(
    failure.problems.map(problem => problem.message),
    ["a comes from Git, and its code would be built here", "../../outside lies outside the repository"],
  );
});

test("npm's own words come with a failed install, without secrets", async () => {
  const lock = {
    name: "x",
    lockfileVersion: 3,
    packages: {
      "": { name: "x", dependencies: { "hush-hush": "file:gone.tgz" } },
      "node_modules/hush-hush": { version: "1.0.0", resolved: "file:gone.tgz" },
    },
  };
  const manifest = { name: "x", dependencies: { "hush-hush": "file:gone.tgz" } };
  const checkout = write({
    "package.json": JSON.stringify(manifest),
    "package-lock.json": JSON.stringify(lock),
  });
  const { cache, prepare } = setUp();
  const failure = failureOf(await prepare(checkout));
  assert.ok(failure.kind === "transient" && failure.reason === "install-failed");
  assert.equal(failure.folder, "package-lock.json");
  assert.match(failure.why, /^npm ci: .*gone\.tgz/s);
  assert.equal(failure.why.includes("hush-hush"), false);
  assert.deepEqual(readdirSync(cache), []);
});

test("a lockfile of a tool that is not there says how to get the tool", async () => {
  const checkout = write({ "package.json": "{}", "pnpm-lock.yaml": "lockfileVersion: '9.0'\n" });
  const failure = failureOf(await setUp({ PATH: newFolder() }).prepare(checkout));
  assert.ok(failure.kind === "stalled" && failure.reason === "config-invalid");
  assert.match(failure.problems[0]?.message ?? "", /pnpm is not on the daemon's PATH/);
});

test("a file: dependency beside the project is the checkout's own", async () => {
  const lock = {
    name: "web",
    lockfileVersion: 3,
    packages: {
      "": { name: "web", dependencies: { beside: "file:../beside" } },
      "../beside": { version: "1.0.0" },
      "node_modules/beside": { resolved: "../beside", link: true },
    },
  };
  const checkout = write({
    "web/package.json": '{ "name": "web", "dependencies": { "beside": "file:../beside" } }',
    "web/package-lock.json": JSON.stringify(lock),
    "beside/package.json": '{ "name": "beside", "version": "1.0.0" }',
    "beside/index.js": "module.exports = __filename;",
  });
  assert.ok((await setUp().prepare(checkout, "web")).ok);
  assert.equal(load(path.join(checkout, "web"), "beside"), path.join(checkout, "beside/index.js"));
});

test("packages that are committed with the repository are used as they are", async () => {
  const checkout = write({
    "package.json": '{ "dependencies": { "@pulumi/pulumi": "3.1.0" } }',
    "node_modules/@pulumi/pulumi/package.json": '{ "version": "3.1.0" }',
  });
  const prepared = await setUp().prepare(checkout);
  assert.ok(prepared.ok);
  assert.equal(prepared.value.sdk, path.join(checkout, "node_modules/@pulumi/pulumi"));
  assert.match(readFileSync(path.join(prepared.value.sdk, "package.json"), "utf8"), /3\.1\.0/);
});
