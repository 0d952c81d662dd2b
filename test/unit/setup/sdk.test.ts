import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { load, root } from "./setup-modules.ts";

const { buildSdk, sdkReady } = await load("sdk.mjs");
const clone = mkdtempSync(path.join(tmpdir(), "holdfast-sdk-"));
after(() => rmSync(clone, { recursive: true, force: true }));

const source = path.join(clone, "src", "sdk");
const built = path.join(clone, "dist", "sdk", "host.js");
const write = (text: string): void => writeFileSync(path.join(source, "host.ts"), text);

test("the SDK is built once for its sources, as CommonJS, and a broken source leaves the last good build", async () => {
  symlinkSync(path.join(root, "node_modules"), path.join(clone, "node_modules"));
  assert.equal(sdkReady(clone), true, "without sources there is nothing to build");
  mkdirSync(source, { recursive: true });
  const options = { module: "commonjs", target: "es2022", declaration: true, types: [], lib: ["es2022"] };
  writeFileSync(path.join(source, "tsconfig.json"), JSON.stringify({ compilerOptions: options }));
  write("export const one: number = 1;\n");
  assert.equal(sdkReady(clone), false);

  await buildSdk(clone);
  assert.equal(sdkReady(clone), true);
  assert.match(readFileSync(built, "utf8"), /exports\.one = 1/);
  assert.ok(existsSync(built.replace(".js", ".d.ts")));
  assert.equal(statSync(path.dirname(built)).mode & 0o777, 0o755, "programs are another user");
  assert.equal(statSync(built).mode & 0o777, 0o644);

  write("export const one: number = 'not one';\n");
  assert.equal(sdkReady(clone), false);
  await assert.rejects(buildSdk(clone), /does not compile:\n(.|\n)*not assignable/);
  assert.match(readFileSync(built, "utf8"), /exports\.one = 1/);
  assert.deepEqual(readdirSync(path.join(clone, "dist")), ["sdk"], "nothing half-built is left");
});
