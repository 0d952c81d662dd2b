/** The real sops tool, built from its pinned Go module (tools/sops) into holdfast's cache; once per machine, about a minute. */
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import path from "node:path";
import { run } from "../../src/process/run.ts";

const VERSION = "3.13.3";
const MODULE = "github.com/getsops/sops/v3/cmd/sops";
const BUILD_MS = 600_000;
const RUN_MS = 30_000;

export type Sops =
  | { readonly skip: string }
  | {
      readonly skip: false;
      /** Answers stdout; throws with sops's own words. */
      sops(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Buffer>;
    };

const cache = process.env["XDG_CACHE_HOME"] ?? path.join(homedir(), ".cache");
const binary = path.join(cache, "holdfast", "sops", VERSION, "sops");
const environment = { PATH: process.env["PATH"] ?? "", HOME: homedir() };

async function build(): Promise<string | undefined> {
  await mkdir(path.dirname(binary), { recursive: true });
  const partial = `${binary}.${randomBytes(6).toString("hex")}`;
  const args = ["build", "-mod=readonly", "-buildvcs=false", "-trimpath", "-o", partial, MODULE];
  const cwd = path.resolve(import.meta.dirname, "../../tools/sops");
  const built = await run("go", args, { cwd, env: environment, deadlineMs: BUILD_MS });
  if (built.startError) return "sops is not built yet, and Go, which would build it, is not there";
  if (built.code !== 0) {
    await rm(partial, { force: true });
    return `Go could not build sops: ${built.stderr.toString().trim().split("\n").at(-1)}`;
  }
  await rename(partial, binary);
  return undefined;
}

export async function realSops(): Promise<Sops> {
  const skip = existsSync(binary) ? undefined : await build();
  if (skip !== undefined) return { skip };
  return {
    skip: false,
    async sops(args, env = {}) {
      // Without the flag it asks the network whether there is a newer one.
      const all = ["--disable-version-check", ...args];
      const done = await run(binary, all, {
        cwd: tmpdir(),
        env: { ...environment, ...env },
        deadlineMs: RUN_MS,
      });
      if (done.code !== 0) throw new Error(`sops ${args.join(" ")}: ${done.stderr.toString()}`);
      return done.stdout;
    },
  };
}
