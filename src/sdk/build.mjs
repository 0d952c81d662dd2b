/**
 * Builds what stack programs import: src/sdk to dist/sdk, CommonJS with declarations. Run by the set-up; by hand:
 * `node src/sdk/build.mjs`. Everything is written beside the old build and put in its place at the end.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

const root = path.resolve(import.meta.dirname, "../..");
const target = path.join(root, "dist", "sdk");
const fresh = path.join(root, "dist", `.sdk-${process.pid}`);
const old = `${fresh}-old`;
const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");

mkdirSync(fresh, { recursive: true });
try {
  execFileSync(
    process.execPath,
    [tsc, "-p", path.join(import.meta.dirname, "tsconfig.json"), "--outDir", fresh],
    {
      stdio: "inherit",
    },
  );
  // The repository is ESM; programs of both kinds can load CommonJS.
  writeFileSync(path.join(fresh, "package.json"), '{ "type": "commonjs" }\n');
  try {
    renameSync(target, old);
  } catch (error) {
    if (error.code !== "ENOENT") throw error;
  }
  renameSync(fresh, target);
} finally {
  rmSync(fresh, { recursive: true, force: true });
  rmSync(old, { recursive: true, force: true });
}
