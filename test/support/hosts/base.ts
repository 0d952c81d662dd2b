/** Whether real hosts can be had here, and the root filesystem that they share. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

const root = path.resolve(import.meta.dirname, "..", "..", "..");

interface SetUp {
  readonly hostsBase: (root: string) => string | undefined;
  readonly markOf: (base: string) => string;
  readonly refusedMark: (base: string) => string;
}
// tools/setup is plain JavaScript without types, because it runs before any package is there.
const { hostsBase, markOf, refusedMark } = (await import(
  path.join(root, "tools", "setup", "hosts.mjs")
)) as SetUp;

const PROGRAMS = ["systemd-nspawn", "ip", "unshare", "nsenter", "setpriv", "ssh", "ssh-keygen"];
/** What each network of hosts needs, tried out. */
const NAMESPACES = ["--mount", "--net", "--pid", "--fork", "mount", "-t", "tmpfs", "tmpfs", "/mnt"];

export const base = hostsBase(root);

function whyNot(): string | false {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return "real hosts need root on Linux";
  const folders = `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`.split(":");
  const missing = PROGRAMS.filter(name => !folders.some(folder => existsSync(path.join(folder, name))));
  if (missing.length > 0) return `real hosts need ${missing.join(", ")}; npm test installs what is missing`;
  if (base === undefined || !existsSync(markOf(base)))
    return "the base of the test hosts is not built; npm test builds it";
  if (existsSync(refusedMark(base)))
    return `none came up when npm test tried: ${readFileSync(refusedMark(base), "utf8")}`;
  const tried = spawnSync("unshare", NAMESPACES, { encoding: "utf8" });
  return tried.status === 0 ? false : `real hosts need namespaces: ${tried.stderr.trim()}`;
}

/** Why tests with real hosts cannot run here; false: they can. */
export const noHosts: string | false = whyNot();
