/**
 * `npm test` and `npm run check`: checks (types, lint, formatting, licences, known holes in packages, unit tests), and for `test` the end-to-end tests.
 * The last line is "N passed, N failed", every check counted as one. Run by Node 24 or newer, after set-up.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { checks } from "./checks.mjs";
import { ensureHosts } from "./hosts.mjs";
import { ensurePrograms } from "./programs.mjs";
import { say, seconds, SetupError } from "./say.mjs";
import { testFiles } from "./test-files.mjs";
import { runTests } from "./test-run.mjs";

const root = path.resolve(import.meta.dirname, "..", "..");
const WRONG_USAGE = 64;
const usage = `usage: npm test [-- --only PATTERN]      types, lint, formatting, unit and end-to-end tests
       npm run check [-- --only PATTERN] the same without end-to-end tests
  --only PATTERN  only the test files whose path holds PATTERN; nothing else is checked`;

/** Some unit tests wait for processes, and most of eslint runs on one core: two lanes keep two cores busy. */
async function runChecks(scratch, files) {
  const unit = runTests({ title: "unit tests", root, scratch, files });
  const lint = checks.lint(root);
  const types = unit.then(() => checks.types(root));
  const formatting = lint.then(() => checks.formatting(root));
  const audit = formatting.then(() => checks.audit(root));
  return Promise.all([unit, lint, types, formatting, audit, checks.licences(root)]);
}

async function runAll(verb, only) {
  const scratch = mkdtempSync(path.join(tmpdir(), "holdfast-test-"));
  try {
    const { unit, e2e } = testFiles(root, only);
    if (unit.length + e2e.length === 0) throw new SetupError(`no test file's path holds "${only}"`);
    const first = only
      ? [await runTests({ title: "unit tests", root, scratch, files: unit })]
      : await runChecks(scratch, unit);
    if (verb === "check") return first;
    return [...first, await runTests({ title: "end-to-end tests", root, scratch, files: e2e })];
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function summarize(results, start) {
  const sum = key => results.reduce((total, result) => total + result[key], 0);
  const failed = results.filter(result => result.failed > 0);
  process.stdout.write("\n");
  for (const { title, passed, failed, skipped, took } of results) {
    const also = skipped > 0 ? `, ${skipped} skipped` : "";
    process.stdout.write(
      `${failed > 0 ? "✖" : "✔"} ${title}: ${passed} passed, ${failed} failed${also} (${took})\n`,
    );
  }
  if (failed.length > 0)
    process.stdout.write(`\nFailed: ${failed.map(result => result.title).join(", ")}; see above.\n`);
  process.stdout.write(`All in ${seconds(start)}.\n${sum("passed")} passed, ${sum("failed")} failed\n`);
  return failed.length > 0 ? 1 : 0;
}

function readArgs() {
  try {
    return parseArgs({ allowPositionals: true, options: { only: { type: "string" } } });
  } catch (error) {
    return { wrong: error.message };
  }
}

const start = Date.now();
const { wrong, values, positionals } = readArgs();
if (wrong || positionals.length !== 1) {
  say(`${wrong ?? `unknown: ${positionals.slice(1).join(" ")}`}\n${usage}`);
  process.exitCode = WRONG_USAGE;
} else {
  try {
    await ensurePrograms();
    if (positionals[0] === "test") await ensureHosts(root);
    process.exitCode = summarize(await runAll(positionals[0], values.only), start);
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(error.message);
    process.exitCode = 1;
  }
}
