/** Run as a program: `node locate-installer.ts FOLDER`; installs the SDK's own version there. Its last line on stderr says why it could not. */
import { PulumiCommand } from "@pulumi/pulumi/automation/index.js";

/** Long enough for a slow line, short enough for a person who waits on a machine without one. */
const FIRST_ANSWER_MS = 10_000;
/** What the Automation API's installer fetches first. It waits two minutes for it and does not say why it failed. */
const SCRIPT = "https://get.pulumi.com/install.sh";

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "TimeoutError") return `no answer in ${FIRST_ANSWER_MS / 1000} s`;
  return error.cause instanceof Error ? error.cause.message : error.message;
}

async function install(folder: string): Promise<void> {
  const answer = await fetch(SCRIPT, { method: "HEAD", signal: AbortSignal.timeout(FIRST_ANSWER_MS) });
  if (!answer.ok) throw new Error(`HTTP ${answer.status} ${answer.statusText}`);
  await PulumiCommand.install({ root: folder });
}

const [folder = ""] = process.argv.slice(2);
try {
  await install(folder);
} catch (error) {
  process.stderr.write(`${SCRIPT}: ${reason(error).replaceAll(/\s+/g, " ")}\n`);
  process.exitCode = 1;
}
