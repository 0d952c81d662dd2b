/** The Pulumi CLI: found or got by src/pulumi/locate.ts; here is only how that is told. */
import path from "node:path";
import { locatePulumi, PULUMI_VERSION } from "../../src/pulumi/locate.ts";
import { cacheFolder } from "./cache.mjs";
import { withLock } from "./lock.mjs";
import { progress, say, seconds, SetupError } from "./say.mjs";

/** Absolute path of the CLI. */
export async function ensurePulumi(root) {
  const options = {
    env: process.env,
    override: process.env.HOLDFAST_PULUMI,
    tools: path.join(root, "tools"),
  };
  const there = await locatePulumi({ ...options, install: false });
  if (there.found) return there.path;
  const waiting = () => say("another set-up is getting the Pulumi CLI; waiting for it");
  return withLock(path.join(cacheFolder(), "setup.lock"), waiting, () => get(options));
}

async function get(options) {
  const start = Date.now();
  const line = progress();
  const onProgress = text => line.show(`${text} (Pulumi CLI ${PULUMI_VERSION}, ${seconds(start)})`);
  const located = await locatePulumi({ ...options, install: true, onProgress }).finally(() => line.end());
  if (!located.found) throw new SetupError(located.message);
  say(`Pulumi CLI ${PULUMI_VERSION}: there, after ${seconds(start)} (${located.path})`);
  return located.path;
}
