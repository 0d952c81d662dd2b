/** The part of set-up that runs under the Node that holdfast needs: packages, SDK, Pulumi CLI; then the verb. */
import { closeSync, openSync, utimesSync } from "node:fs";
import path from "node:path";
import { cacheFolder } from "./cache.mjs";
import { withLock } from "./lock.mjs";
import { withoutOuterNpm } from "./npm.mjs";
import { installPackages, packagesReady } from "./packages.mjs";
import { say } from "./say.mjs";
import { buildSdk, sdkReady } from "./sdk.mjs";
import { verbs } from "./verbs.mjs";

const root = path.resolve(import.meta.dirname, "..", "..");
const WRONG_USAGE = 64;

/** bin/holdfast compares its age with that of the lockfile and of src/sdk, and asks for set-up where one of them is newer. */
const readyMark = path.join(root, "node_modules", ".holdfast-ready");

function markReady(since) {
  closeSync(openSync(readyMark, "a"));
  utimesSync(readyMark, since, since);
}

async function preparePackages() {
  const since = new Date();
  if (!packagesReady(root) || !sdkReady(root)) {
    const waiting = () => say("another set-up of this folder is under way; waiting for it");
    await withLock(path.join(root, "dist", "setup.lock"), waiting, async () => {
      await installPackages(root);
      await buildSdk(root);
    });
  }
  markReady(since);
}

async function preparePulumi() {
  // Not before the packages are there: it needs some of them.
  const { ensurePulumi } = await import("./pulumi.mjs");
  return ensurePulumi(root);
}

/** Never comes back where the verb is a program: that takes this process's place. */
export async function main([name, ...args]) {
  const verb = verbs[name];
  if (!verb) {
    say(`no such verb: ${name ?? "(none)"}. There are: ${Object.keys(verbs).join(", ")}.`);
    process.exitCode = WRONG_USAGE;
    return;
  }
  await preparePackages();
  const tools = [path.dirname(process.execPath)];
  if (verb.pulumi) tools.push(path.dirname(await preparePulumi()));
  if (!verb.program) return;
  const env = withoutOuterNpm(process.env);
  // What the verb starts by name (node, pulumi) is what was found here.
  env.PATH = [...tools, env.PATH].join(path.delimiter);
  env.NODE_COMPILE_CACHE ||= path.join(cacheFolder(), "compile");
  const program = verb.program.map((part, index) => (index === 0 ? path.join(root, part) : part));
  const command = verb.executable ? [...program, ...args] : [process.execPath, ...program, ...args];
  process.execve(command[0], command, env);
}
