/** The base of the test hosts (test/support/hosts): one root filesystem, built once per recipe into the cache. */
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { cacheFolder } from "./cache.mjs";
import { runTool } from "./child.mjs";
import { withLock } from "./lock.mjs";
import { ensureOptional, isThere } from "./programs.mjs";
import { progress, say, seconds } from "./say.mjs";

const needed = [
  { program: "mmdebstrap", package: "mmdebstrap" },
  { program: "systemd-nspawn", package: "systemd-container" },
  { program: "ip", package: "iproute2" },
  { program: "unshare", package: "util-linux" },
];
const recipeOf = root => path.join(root, "test", "support", "hosts", "base");
const basesFolder = () => path.join(cacheFolder(), "hosts");
const OS_RELEASE = "/etc/os-release";
const SKIPPED = "Tests with real hosts are skipped.";
/** Of another branch, or an older checkout; whoever comes back to it builds it again. */
const KEPT_MS = 30 * 24 * 3_600_000;

function recipeHash(root) {
  const hash = createHash("sha256").update(process.arch);
  hash.update(/^VERSION_CODENAME=.*$/m.exec(readFileSync(OS_RELEASE, "utf8"))?.[0] ?? "");
  const folder = recipeOf(root);
  for (const name of readdirSync(folder).sort())
    hash.update(`\0${name}\0`).update(readFileSync(path.join(folder, name)));
  return hash.digest("hex").slice(0, 16);
}

/** Absolute folder of the base that this checkout's recipe makes; not necessarily there. Undefined: not on this system. */
export const hostsBase = root =>
  existsSync(OS_RELEASE) && existsSync(recipeOf(root))
    ? path.join(basesFolder(), recipeHash(root), "root")
    : undefined;

/** Why no host comes up on this machine, as the set-up found out; not there: one did, or nobody tried. */
export const refusedMark = base => path.join(path.dirname(base), "refused");

/** Written last: with it, the base is whole. */
export const markOf = base => path.join(path.dirname(base), "complete");

function removeOthers(own) {
  for (const name of readdirSync(basesFolder())) {
    const folder = path.join(basesFolder(), name);
    const mark = path.join(folder, "complete");
    const isOld = !existsSync(mark) || Date.now() - statSync(mark).mtimeMs > KEPT_MS;
    if (folder !== own && isOld) rmSync(folder, { recursive: true, force: true });
  }
}

async function build(root, base) {
  if (existsSync(markOf(base))) return;
  const start = Date.now();
  const folder = path.dirname(base);
  const half = `${folder}.new`;
  mkdirSync(basesFolder(), { recursive: true });
  removeOthers(folder);
  mkdirSync(half);
  say("test hosts: building their base (Debian packages, 300 MB on disk; a minute, once)");
  const line = progress();
  const told = setInterval(() => line.show(`building the base of the test hosts, ${seconds(start)}`), 1_000);
  const script = path.join(recipeOf(root), "build.sh");
  const result = await runTool("sh", [script, path.join(half, "root")]).finally(() => {
    clearInterval(told);
    line.end();
  });
  if (result.code !== 0) {
    rmSync(half, { recursive: true, force: true });
    return say(`test hosts: their base could not be built:\n${result.output.trim()}\n${SKIPPED}`);
  }
  writeFileSync(path.join(half, "complete"), "");
  renameSync(half, folder);
  say(`test hosts: base built in ${seconds(start)} (${folder})`);
}

/** Whether the programs are there: who only wants to see something does not get packages installed. */
export const hasHostPrograms = () => needed.every(isThere);

/** Builds what tests with real hosts need, or says why they will be skipped. */
export async function ensureHosts(root) {
  const base = hostsBase(root);
  if (!base) return;
  if (process.platform !== "linux" || process.getuid?.() !== 0)
    return say(`test hosts need root on Linux. ${SKIPPED}`);
  if (!(await ensureOptional(needed, text => say(`${text} ${SKIPPED}`)))) return;
  if (!existsSync(markOf(base))) {
    const waiting = () => say("another set-up is building the base of the test hosts; waiting for it");
    await withLock(path.join(cacheFolder(), "hosts.lock"), waiting, () => build(root, base));
  }
  if (!existsSync(markOf(base))) return;
  utimesSync(markOf(base), new Date(), new Date());
  await tryOne(root, base);
}

/** A machine may have all programs and still let no host boot (a container without the rights, another kernel). */
async function tryOne(root, base) {
  rmSync(refusedMark(base), { force: true });
  const result = await runTool(process.execPath, [path.join(root, "test", "support", "hosts", "try.ts")]);
  if (result.code === 0) return;
  say(`test hosts: none comes up here:\n${result.output.trim()}\n${SKIPPED}`);
  writeFileSync(refusedMark(base), result.output.trim().split("\n")[0] ?? "");
}
