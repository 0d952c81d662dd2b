/** A program worker for tests: one process for one run of one program. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import type { Worker } from "../../../src/engine/ports/program.ts";

const LANGUAGE_PROCESS = path.join(import.meta.dirname, "language-process.ts");

/** Starts a worker for the program at `entry`; `env` is added to what the program sees. */
export async function startWorker(
  entry: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Worker> {
  const child = spawn(process.execPath, [LANGUAGE_PROCESS, entry], {
    env: { ...env, PATH: process.env["PATH"] ?? "" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const [first] = (await once(child.stdout, "data")) as [Buffer];
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const ended = once(child, "exit");
  return {
    port: Number(first.toString().trim()),
    pid: child.pid ?? 0,
    output: () => output,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
      await ended;
    },
  };
}
