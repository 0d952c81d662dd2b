/** Finding the Pulumi CLI, with the real one; where another version is needed, a stand-in that says so. */
import assert from "node:assert/strict";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import {
  locatePulumi,
  PULUMI_VERSION,
  type LocateOptions,
  type Located,
} from "../../../src/pulumi/locate.ts";
import { placeInCache } from "../../../src/pulumi/locate-place.ts";

const scratch = mkdtempSync(path.join(tmpdir(), "holdfast-locate-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

const tools = path.resolve(import.meta.dirname, "..", "..", "..", "tools");
let real = "";
before(async () => {
  const located = await locatePulumi({ env: process.env, tools, install: false });
  assert.ok(located.found, "these tests need the Pulumi CLI; npm test gets it");
  real = located.path;
});

let count = 0;
/** A user with nothing but what is given: an own home, cache and PATH. */
function user(env: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const home = path.join(scratch, `home-${(count += 1)}`);
  mkdirSync(home);
  return { HOME: home, PATH: path.join(home, "bin"), ...env };
}

const find = (env: NodeJS.ProcessEnv, more: Partial<LocateOptions> = {}): Promise<Located> =>
  locatePulumi({ env, tools, install: false, ...more });

function standIn(folder: string, version: string): string {
  const file = path.join(folder, "pulumi");
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, `#!/bin/sh\necho v${version}\n`);
  chmodSync(file, 0o755);
  return file;
}

function linkReal(folder: string): string {
  mkdirSync(folder, { recursive: true });
  symlinkSync(real, path.join(folder, "pulumi"));
  return path.join(folder, "pulumi");
}

const said = (located: Located, way: string): string | undefined =>
  located.ways.find(one => one.way === way)?.said;
const cacheOf = (env: NodeJS.ProcessEnv): string => path.join(env.HOME ?? "", ".cache", "holdfast", "pulumi");

test("the exact version on PATH is taken, also behind another version", async () => {
  const env = user();
  const older = standIn(path.join(scratch, "older"), "3.100.0");
  const right = linkReal(env.PATH ?? "");
  const located = await find({ ...env, PATH: `${path.dirname(older)}:${env.PATH}` });
  assert.ok(located.found);
  assert.deepEqual([located.way, located.path, located.version], ["path", right, PULUMI_VERSION]);
  assert.equal(located.warning, undefined);
});

test("another version on PATH is refused by name, and holdfast's own copy is taken", async () => {
  const env = user();
  const other = standIn(env.PATH ?? "", "3.260.0");
  const own = linkReal(path.join(cacheOf(env), PULUMI_VERSION, "bin"));
  const located = await find(env);
  assert.ok(located.found);
  assert.deepEqual([located.way, located.path], ["cache", own]);
  assert.equal(said(located, "path"), `${other} is 3.260.0, not ${PULUMI_VERSION}`);
});

test("a CLI that was verified is not run again before its file changes", async () => {
  const env = user();
  linkReal(env.PATH ?? "");
  assert.ok((await find(env)).found);
  const memory = path.join(cacheOf(env), "verified.json");
  const text = readFileSync(memory, "utf8");
  const other = text.replace(`"version": "${PULUMI_VERSION}"`, '"version": "9.9.9"');
  writeFileSync(memory, other);
  const remembered = await find(env);
  assert.match(said(remembered, "path") ?? "", /is 9\.9\.9, not/);
  writeFileSync(memory, other.replace(/"mtimeMs": \d+/, '"mtimeMs": 1'));
  assert.ok((await find(env)).found);
});

test("a script is never remembered, because it may choose another version in another folder", async () => {
  const env = user();
  const file = standIn(env.PATH ?? "", PULUMI_VERSION);
  const moment = new Date(0);
  utimesSync(file, moment, moment);
  assert.ok((await find(env)).found);
  standIn(env.PATH ?? "", "3.100.0");
  utimesSync(file, moment, moment);
  assert.match(said(await find(env), "path") ?? "", /is 3\.100\.0, not/);
});

test("a file that is no CLI says so, with its own words", async () => {
  const env = user();
  const file = standIn(env.PATH ?? "", "x");
  writeFileSync(file, "#!/bin/sh\necho 'shared library missing' >&2; exit 3\n");
  assert.equal(said(await find(env), "path"), `${file} does not say its version: shared library missing`);
});

test("where nothing can be had the message names what each way said, and the next look still knows", async () => {
  const closed = "http://127.0.0.1:1";
  const env = user({ HTTPS_PROXY: closed, https_proxy: closed });
  const located = await find(env, { install: true });
  assert.ok(!located.found);
  assert.equal(said(located, "path"), "none there");
  assert.match(said(located, "cache") ?? "", /^none in .*3\.259\.0$/);
  assert.match(said(located, "download") ?? "", /^https:\/\/get\.pulumi\.com\/install\.sh: .*ECONNREFUSED/);
  assert.equal(said(located, "build"), "no go on PATH");
  for (const { said } of located.ways) assert.ok(located.message.includes(said), said);
  assert.match(located.message, /put pulumi 3\.259\.0 on PATH/);
  assert.deepEqual(readdirSync(cacheOf(env)), ["last-failure.json"], "nothing half-done is left");

  const next = await find(env);
  assert.match(said(next, "build") ?? "", /^no go on PATH \(tried \d{4}-\d\d-\d\d \d\d:\d\d UTC\)$/);
});

test("ways that were never tried are not said to have failed", async () => {
  const located = await find(user());
  assert.deepEqual(
    located.ways.map(({ way, outcome }) => `${way} ${outcome}`),
    ["path failed", "cache failed", "download not-tried", "build not-tried"],
  );
});

test("a path that a person gave is taken with any version, with a warning, and no other way is tried", async () => {
  const file = standIn(path.join(scratch, "given"), "3.100.0");
  const located = await find(user(), { override: file });
  assert.ok(located.found);
  assert.deepEqual([located.way, located.path, located.version], ["option", file, "3.100.0"]);
  assert.match(located.warning ?? "", /is Pulumi 3\.100\.0; holdfast is made for 3\.259\.0/);

  const nowhere = await find(user(), { override: "/nowhere/pulumi" });
  assert.ok(!nowhere.found);
  assert.match(nowhere.message, /--pulumi: \/nowhere\/pulumi is not an executable file/);
});

test("a copy lands in the cache whole or not at all, in place of a broken one, and two at once both have it", async () => {
  const env = user();
  const search = { env, tools, install: true, onProgress: () => undefined };
  const bin = path.join(cacheOf(env), PULUMI_VERSION, "bin");
  standIn(bin, "broken");

  const refused = await placeInCache(search, async () => "the line was cut");
  assert.deepEqual(refused, { found: false, said: "the line was cut" });
  const wrong = await placeInCache(search, async folder => void standIn(path.join(folder, "bin"), "3.1.0"));
  assert.equal(wrong.found, false);
  assert.match(readFileSync(path.join(bin, "pulumi"), "utf8"), /vbroken/);

  const get = async (folder: string): Promise<undefined> => void linkReal(path.join(folder, "bin"));
  const both = await Promise.all([placeInCache(search, get), placeInCache(search, get)]);
  assert.deepEqual(
    both.map(attempt => attempt.found && attempt.path),
    [path.join(bin, "pulumi"), path.join(bin, "pulumi")],
  );
  const left = readdirSync(cacheOf(env)).filter(name => name.startsWith(PULUMI_VERSION));
  assert.deepEqual(left, [PULUMI_VERSION]);
});

test("the SDK and the modules to build from are pinned to the same version", () => {
  const packages = readFileSync(path.join(tools, "..", "package.json"), "utf8");
  assert.match(packages, new RegExp(`"@pulumi/pulumi": "${PULUMI_VERSION}"`));
  const modules = readFileSync(path.join(tools, "go.mod"), "utf8");
  assert.match(modules, new RegExp(`pulumi/pkg/v3 v${PULUMI_VERSION}$`, "m"));
});
