/**
 * `npm run fuzz`: the fuzz tests (test/unit/…/fuzz-*.test.ts) with many inputs each. What they found is played again with
 * the seed and path that a failure names. Run by Node 24 or newer, after set-up.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { say } from "./say.mjs";
import { testFiles } from "./test-files.mjs";
import { runTests } from "./test-run.mjs";

const root = path.resolve(import.meta.dirname, "..", "..");
const WRONG_USAGE = 64;
const INPUTS = "10000";
const usage = `usage: npm run fuzz [-- --runs N] [--seed S [--path P]] [--only PATTERN]
  --runs N        inputs for each test; default ${INPUTS}
  --seed S        the inputs of an earlier run, with --path P only the one that failed
  --only PATTERN  only the files whose path holds PATTERN`;

const options = {
  runs: { type: "string" },
  seed: { type: "string" },
  path: { type: "string" },
  only: { type: "string" },
};

async function main({ runs = INPUTS, seed = "", path: failed = "", only = "" }) {
  Object.assign(process.env, {
    HOLDFAST_FUZZ_RUNS: runs,
    HOLDFAST_FUZZ_SEED: seed,
    HOLDFAST_FUZZ_PATH: failed,
  });
  const files = testFiles(root, only).unit.filter(file => path.basename(file).startsWith("fuzz-"));
  const scratch = mkdtempSync(path.join(tmpdir(), "holdfast-fuzz-"));
  try {
    const result = await runTests({ title: "fuzz tests", root, scratch, files });
    process.stdout.write(
      `${result.passed} passed, ${result.failed} failed, ${runs} inputs each (${result.took})\n`,
    );
    return result.failed > 0 || files.length === 0 ? 1 : 0;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

try {
  process.exitCode = await main(parseArgs({ options }).values);
} catch (error) {
  if (!String(error.code).startsWith("ERR_PARSE_ARGS")) throw error;
  say(`${error.message}\n${usage}`);
  process.exitCode = WRONG_USAGE;
}
