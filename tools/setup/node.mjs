/** Node itself: the running one where it is new enough, else a copy of holdfast's own, got from npm once per user. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { cacheFolder } from "./cache.mjs";
import { runTool } from "./child.mjs";
import { npm } from "./npm.mjs";
import { say, seconds, SetupError } from "./say.mjs";

/** import.meta.dirname came with Node 20.11. */
const here = fileURLToPath(new URL(".", import.meta.url));

/** 24.15 is the first whose node:sqlite and type stripping are free of warnings. */
const NEEDED = [24, 15];
/** What tools/setup/node/package-lock.json pins, with checksums. */
export const OWN_NODE = "24.21.0";

/** `version` as process.versions.node has it. */
export function isNewEnough(version) {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1]);
}

export const ownNode = env => path.join(cacheFolder(env), "node", OWN_NODE, "bin", "node");

/** Absolute path of a Node that is new enough. */
export async function ensureNode() {
  if (isNewEnough(process.versions.node)) return process.execPath;
  const own = ownNode(process.env);
  if (!existsSync(own)) await install(path.dirname(path.dirname(own)));
  return own;
}

const wayOut = `Install Node ${NEEDED.join(".")} or newer (nodejs.org, nvm, fnm, mise, your distribution), put it first on PATH, and start again.`;

async function install(target) {
  const start = Date.now();
  const name = `node-${process.platform}-${process.arch}`;
  say(
    `Node ${OWN_NODE}: getting it from npm (${name}); the running one is ${process.versions.node}, ${NEEDED.join(".")} is needed`,
  );
  mkdirSync(path.dirname(target), { recursive: true });
  const folder = mkdtempSync(`${target}.new-`);
  try {
    cpSync(path.join(here, "node"), folder, { recursive: true });
    const got = await npm(["ci", "--ignore-scripts", "--include=optional"], folder);
    if (got.code !== 0)
      throw new SetupError(`npm could not get ${name}@${OWN_NODE}:\n${got.output.trim()}\n${wayOut}`);
    await place(path.join(folder, "node_modules", name), target, name);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  say(`Node ${OWN_NODE}: there, after ${seconds(start)}`);
}

async function place(unpacked, target, name) {
  const binary = path.join(unpacked, "bin", "node");
  if (!existsSync(binary))
    throw new SetupError(`npm has no Node ${OWN_NODE} for this platform (${name}). ${wayOut}`);
  const tried = await runTool(binary, ["--version"]);
  if (tried.output.trim() !== `v${OWN_NODE}`) {
    throw new SetupError(
      `Node ${OWN_NODE} from npm (${name}) does not run here: ${tried.output.trim()}\n${wayOut}`,
    );
  }
  try {
    renameSync(unpacked, target);
  } catch (error) {
    // Another set-up was faster: its copy is as good as ours.
    if (!existsSync(path.join(target, "bin", "node"))) throw error;
  }
}
