/** Real tools that tests need, built from pinned Go modules (tools/NAME) into holdfast's cache: once per machine. */
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";
import { run } from "../../src/process/run.ts";

/** On a loaded machine with two cores a large one takes four minutes. */
const BUILD_MS = 900_000;

export interface GoTool {
  /** Folder below tools/, and the binary's name. */
  readonly name: string;
  readonly version: string;
  /** The package that is the command. */
  readonly module: string;
  /** Its build takes minutes: only where somebody asked for long tests. */
  readonly large?: boolean;
}

const cache = process.env["XDG_CACHE_HOME"] ?? path.join(homedir(), ".cache");
const environment = { PATH: process.env["PATH"] ?? "", HOME: homedir() };

async function build({ name, module, large }: GoTool, binary: string): Promise<string | undefined> {
  if (large && process.env["HOLDFAST_TEST_LONG"] !== "1")
    return `${name} is not built yet, which takes minutes: run the tests once with HOLDFAST_TEST_LONG=1`;
  await mkdir(path.dirname(binary), { recursive: true });
  const partial = `${binary}.${randomBytes(6).toString("hex")}`;
  const args = ["build", "-mod=readonly", "-buildvcs=false", "-trimpath", "-ldflags=-s -w"];
  const cwd = path.resolve(import.meta.dirname, "../../tools", name);
  const options = { cwd, env: environment, deadlineMs: BUILD_MS };
  const built = await run("go", [...args, "-o", partial, module], options);
  if (built.startError) return `${name} is not built yet, and Go, which would build it, is not there`;
  if (built.code !== 0) {
    await rm(partial, { force: true });
    return `Go could not build ${name}: ${built.stderr.toString().trim().split("\n").at(-1)}`;
  }
  await rename(partial, binary);
  return undefined;
}

/** The binary's path, or why it cannot be had here. */
export async function goTool(
  tool: GoTool,
): Promise<{ readonly skip: string } | { readonly skip: false; readonly binary: string }> {
  const binary = path.join(cache, "holdfast", tool.name, tool.version, tool.name);
  const skip = existsSync(binary) ? undefined : await build(tool, binary);
  return skip === undefined ? { skip: false, binary } : { skip };
}
