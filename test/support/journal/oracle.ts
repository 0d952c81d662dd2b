/**
 * What Pulumi's own JournalReplayer answers (tools/journal-oracle), built into holdfast's cache; a few seconds where
 * the Pulumi CLI was built on this machine, else a minute or two, once.
 */
import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { run } from "../../../src/process/run.ts";
import type { Checkpoint } from "../../../src/backend/deployment/types.ts";
import type { JournalEntry } from "../../../src/backend/journal/entry.ts";

export interface Case {
  readonly base: Checkpoint;
  readonly entries: readonly JournalEntry[];
}

export interface Answer extends Partial<Checkpoint> {
  /** Why Pulumi would refuse to read this checkpoint (snapshot.VerifyIntegrity). */
  readonly broken?: string;
  /** Why the replayer gave up. */
  readonly error?: string;
}

export type Oracle =
  | { readonly skip: string }
  | { readonly skip: false; ask(asked: Case): Promise<Answer>; close(): Promise<void> };

const PULUMI = "v3.259.0";
const BUILD_MS = 600_000;
const folder = path.resolve(import.meta.dirname, "../../../tools/journal-oracle");

/** One for each text of the tool. */
function place(): string {
  const cache = process.env["XDG_CACHE_HOME"] ?? path.join(homedir(), ".cache");
  const hash = createHash("sha256");
  for (const file of ["main.go", "go.mod", "go.sum"]) hash.update(readFileSync(path.join(folder, file)));
  return path.join(cache, "holdfast", "journal-oracle", hash.digest("hex").slice(0, 16), "journal-oracle");
}

/** Answers why it could not be built. */
async function build(binary: string): Promise<string | undefined> {
  await mkdir(path.dirname(binary), { recursive: true });
  const partial = `${binary}.${randomBytes(6).toString("hex")}`;
  // The version goes into each manifest, as the CLI's own build writes it.
  const version = `-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=${PULUMI}`;
  const args = ["build", "-mod=readonly", "-buildvcs=false", "-trimpath", "-ldflags", version, "-o", partial];
  const env = { PATH: process.env["PATH"] ?? "", HOME: homedir() };
  const built = await run("go", [...args, "."], { cwd: folder, env, deadlineMs: BUILD_MS });
  if (built.startError) return "Go, which would build it, is not there";
  if (built.code !== 0) {
    await rm(partial, { force: true });
    return `Go could not build it: ${built.stderr.toString().trim().split("\n").at(-1)}`;
  }
  await rename(partial, binary);
  return undefined;
}

export async function openOracle(): Promise<Oracle> {
  const binary = place();
  const skip = existsSync(binary) ? undefined : await build(binary);
  if (skip !== undefined) return { skip };
  const child = spawn(binary, { stdio: ["pipe", "pipe", "inherit"] });
  const ended = new Promise<void>(resolve => child.once("exit", () => resolve()));
  const waiting: ((line: string) => void)[] = [];
  createInterface({ input: child.stdout }).on("line", line => waiting.shift()?.(line));
  return {
    skip: false,
    ask: ({ base, entries }) =>
      new Promise((resolve, reject) => {
        if (child.exitCode !== null) reject(new Error("the oracle has ended"));
        waiting.push(line => resolve(JSON.parse(line) as Answer));
        child.stdin.write(`${JSON.stringify({ base: base.deployment, entries })}\n`);
      }),
    close: () => {
      child.stdin.end();
      return ended;
    },
  };
}
