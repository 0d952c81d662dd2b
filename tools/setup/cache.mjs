/** Where holdfast keeps what it gets once per user. bin/holdfast and src/pulumi/locate-memory.ts know the same rule. */
import { homedir } from "node:os";
import path from "node:path";

/** Absolute; not necessarily there yet. The XDG rule: a relative XDG_CACHE_HOME is ignored. */
export function cacheFolder(env = process.env) {
  const base = env.XDG_CACHE_HOME;
  return path.join(
    base && path.isAbsolute(base) ? base : path.join(env.HOME || homedir(), ".cache"),
    "holdfast",
  );
}
