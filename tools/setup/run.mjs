/**
 * What package.json's scripts and bin/holdfast call: `node run.mjs VERB [ARGS]`. Plain JavaScript for Node 20 and
 * newer, before any package is there: finds or gets the Node that holdfast needs and goes on under it.
 */
import path from "node:path";
import { cacheFolder } from "./cache.mjs";
import { handOver } from "./child.mjs";
import { say, SetupError } from "./say.mjs";

/** Older ones lack what even this file's neighbours use. */
const OLDEST_NODE = 20;

async function start() {
  if (Number(process.versions.node.split(".")[0]) < OLDEST_NODE) {
    throw new SetupError(
      `Node ${OLDEST_NODE} or newer is needed; ${process.execPath} is ${process.versions.node}.`,
    );
  }
  const { ensureNode } = await import("./node.mjs");
  const node = await ensureNode();
  process.env.NODE_COMPILE_CACHE ||= path.join(cacheFolder(), "compile");
  if (node !== process.execPath) return handOver(node, process.argv.slice(1), process.env);
  const { main } = await import("./prepare.mjs");
  return main(process.argv.slice(2));
}

try {
  await start();
} catch (error) {
  say(
    error instanceof SetupError
      ? error.message
      : `set-up failed, which is a bug: please report this.\n${error.stack}`,
  );
  process.exitCode = 1;
}
