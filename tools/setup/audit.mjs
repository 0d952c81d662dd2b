/** `npm audit` of what holdfast runs with: known holes of high or critical severity fail the check. */
import { execFile } from "node:child_process";
import { seconds } from "./say.mjs";

/** A registry that does not answer must not hold up a check that is run offline. */
const DEADLINE_MS = 30_000;

const ARGS = ["audit", "--omit=dev", "--audit-level=high", "--json", "--no-update-notifier"];

/** A report of every package of a large tree. */
const MAX_REPORT = 64 * 1024 * 1024;

/** What npm says on stdout; it exits with 1 where it found something. */
function ask(root) {
  return new Promise(resolve => {
    execFile("npm", ARGS, { cwd: root, timeout: DEADLINE_MS, maxBuffer: MAX_REPORT }, (error, stdout) =>
      resolve(stdout.trim() === "" && error ? JSON.stringify({ message: error.message }) : stdout),
    );
  });
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

/** What npm's answer means: `holes` where it found some, `unanswered` where the registry has no list to ask. */
export function judgeAudit(output) {
  const { vulnerabilities, error, message } = parse(output);
  if (!vulnerabilities)
    return { unanswered: error?.summary || message || "npm said nothing that can be read" };
  const holes = Object.values(vulnerabilities)
    .filter(({ severity }) => severity === "high" || severity === "critical")
    .map(({ name, severity, range }) => `${name} ${range}: ${severity}`);
  return { holes };
}

export async function audit(root) {
  const start = Date.now();
  const { holes = [], unanswered } = judgeAudit(await ask(root));
  const told = { title: "known holes in packages", took: seconds(start) };
  if (unanswered !== undefined) {
    process.stdout.write(`\nnpm audit could not be made: ${unanswered}\n`);
    return { ...told, passed: 0, failed: 0, skipped: 1 };
  }
  if (holes.length > 0) process.stdout.write(`\n✖ ${told.title}\n${holes.join("\n")}\n`);
  return { ...told, passed: holes.length > 0 ? 0 : 1, failed: holes.length > 0 ? 1 : 0, skipped: 0 };
}
