/** Runs test files under Node's own runner and counts what it says. */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { runForeground } from "./child.mjs";
import { seconds, SetupError } from "./say.mjs";

/** Two files at a time: what two cores can do, and what keeps conditions that tests wait for from starving. */
const CONCURRENCY = 2;
/** A test file that has not ended by then hangs; the longest deploys real stacks for a minute or two. */
const FILE_TIMEOUT_MS = 10 * 60_000;

/** `files` relative to `root`. Answers how many tests passed and failed. */
export async function runTests({ title, root, scratch, files }) {
  const start = Date.now();
  if (files.length === 0) return { title, passed: 0, failed: 0, skipped: 0, took: seconds(start) };
  const counts = path.join(scratch, `${title.replaceAll(" ", "-")}.json`);
  const reporter = path.join(import.meta.dirname, "test-reporter.mjs");
  const args = [
    "--test",
    `--test-concurrency=${CONCURRENCY}`,
    `--test-timeout=${FILE_TIMEOUT_MS}`,
    `--test-reporter=${reporter}`,
  ];
  const env = { ...process.env, HOLDFAST_TEST_COUNTS: counts, HOLDFAST_TEST_TITLE: title };
  const { code, told } = await runForeground(process.execPath, [...args, ...files], { cwd: root, env });
  if (told) throw new SetupError(`stopped by ${told}`);
  const counted = existsSync(counts)
    ? JSON.parse(readFileSync(counts, "utf8"))
    : { passed: 0, failed: 0, skipped: 0 };
  // A runner that ends badly without a failed test (a crash, a signal) is a failure as well.
  const failed = code !== 0 && counted.failed === 0 ? 1 : counted.failed;
  return { ...counted, title, failed, took: seconds(start) };
}
