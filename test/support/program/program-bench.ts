/** The real CLI on a fixture program, with a file backend of its own: once through holdfast's worker, once the ordinary way. */
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import os from "node:os";
import path from "node:path";
import type { PreparedProgram } from "../../../src/engine/ports/program.ts";
import type { StackDefinition } from "../../../src/engine/ports/stack.ts";
import { run, type RunResult } from "../../../src/process/run.ts";
import { createInstaller } from "../../../src/program/installer.ts";
import { findBoxes } from "../../../src/program/find-box.ts";
import { createWorkerPool, type WorkerPoolOptions } from "../../../src/program/worker-pool.ts";

const repository = path.resolve(import.meta.dirname, "../../..");
const fixtures = path.join(repository, "test/fixtures/programs");
/** Far beyond what any fixture takes; an endless one is stopped by its test. */
const DEADLINE_MS = 60_000;

export interface Fixture {
  readonly name: string;
  /** Folder of the Pulumi.yaml below the fixture; default: the fixture's own. */
  readonly folder?: string;
  readonly main?: string;
  /** Name in the Pulumi.yaml; default: the fixture's own. */
  readonly project?: string;
}

export interface Ran {
  readonly result: RunResult;
  readonly text: string;
  /** What the worker kept of the program's output; empty the ordinary way. */
  readonly output: string;
}

/** Outputs of the stack and the URNs of its resources; ciphertext, which differs each time, is named only. */
export interface StackContent {
  readonly outputs: unknown;
  readonly urns: readonly string[];
}

const SECRET_SIGNATURE = "4dabf18193072939515e22adb298388d";

function withoutCiphertext(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutCiphertext);
  if (typeof value !== "object" || value === null) return value;
  if (SECRET_SIGNATURE in value) return "[secret]";
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withoutCiphertext(inner)]));
}

interface Checkpoint {
  readonly checkpoint: {
    readonly latest?: { readonly resources?: readonly { urn: string; type: string; outputs?: unknown }[] };
  };
}

/** Programs of the bench are isolated as the daemon's are, where this machine can do that. */
async function boxPrograms(root: string): Promise<Pick<WorkerPoolOptions, "box">> {
  const [data, folder] = [path.join(root, "data"), path.join(root, "boxes")];
  mkdirSync(folder, { mode: 0o700 });
  const found = await findBoxes({ holdfast: repository, data, folder, path: process.env.PATH ?? "" });
  return found.hold === "none" ? {} : { box: { isolation: found.isolation, network: { reach: "outside" } } };
}

export async function createProgramBench() {
  const root = mkdtempSync(path.join(os.tmpdir(), "holdfast-programs-"));
  const folderOf = (...parts: string[]): string => {
    const folder = path.join(root, ...parts);
    mkdirSync(folder, { recursive: true });
    return folder;
  };
  const base = { PATH: process.env.PATH ?? "", HOME: folderOf("home") };
  const cache = folderOf("cache");
  const boxed = await boxPrograms(root);
  const pool = createWorkerPool({ holdfast: repository, cache, redact: text => text, env: base, ...boxed });
  const installer = createInstaller({
    holdfast: repository,
    cache: folderOf("installs"),
    env: base,
    redact: text => text,
  });
  // The ordinary way finds its language host on PATH.
  const bin = folderOf("bin");
  const host = path.join(repository, "test/support/program/reference-language-host.ts");
  writeFileSync(
    path.join(bin, "pulumi-language-nodejs"),
    `#!/bin/sh\nexec '${process.execPath}' '${host}' "$@"\n`,
  );
  chmodSync(path.join(bin, "pulumi-language-nodejs"), 0o755);

  const environment = (way: string): Record<string, string> => {
    const state = folderOf(way, "state");
    return {
      ...base,
      PULUMI_HOME: folderOf(way, "pulumi-home"),
      PULUMI_BACKEND_URL: `file://${state}`,
      PULUMI_CONFIG_PASSPHRASE: "fixture",
      PULUMI_SKIP_UPDATE_CHECK: "true",
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
      PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS: "true",
    };
  };

  /** A checkout of the fixture; made anew each time, in a folder that is called like the fixture. */
  const checkOut = (fixture: Fixture, way: string): string => {
    const folder = path.join(folderOf(way, "checkouts"), fixture.name);
    rmSync(folder, { recursive: true, force: true });
    cpSync(path.join(fixtures, fixture.name), folder, { recursive: true });
    return folder;
  };

  const definition = (fixture: Fixture): StackDefinition =>
    ({
      folder: fixture.folder ?? "",
      runtime: "nodejs",
      ...(fixture.main ? { main: fixture.main } : {}),
    }) as StackDefinition;

  const prepare = async (fixture: Fixture, way: string): Promise<PreparedProgram> => {
    const checkout = checkOut(fixture, way);
    const prepared = await installer.prepare(checkout, definition(fixture), AbortSignal.timeout(DEADLINE_MS));
    if (!prepared.ok) throw new Error(JSON.stringify(prepared.failure));
    return prepared.value;
  };

  const cli = async (
    program: PreparedProgram,
    env: Record<string, string>,
    args: string[],
    signal?: AbortSignal,
  ): Promise<RunResult> => {
    const PATH = [...program.pathEntries, bin, env.PATH].join(":");
    const all = ["--non-interactive", "--color=never", ...args, "--stack", "dev"];
    const options = { cwd: program.folder, env: { ...env, PATH }, deadlineMs: DEADLINE_MS };
    return run("pulumi", all, signal ? { ...options, signal } : options);
  };

  /** What `stack init` would write, without a process and its key derivation for each. */
  const initStack = (project: string, way: string): void => {
    const file = path.join(folderOf(way, "state/.pulumi/stacks", project), "dev.json");
    const stack = `organization/${project}/dev`;
    if (!existsSync(file)) writeFileSync(file, JSON.stringify({ version: 3, checkpoint: { stack } }));
  };

  const textOf = (result: RunResult): string => result.stdout.toString() + result.stderr.toString();
  const UP = ["up", "--yes", "--skip-preview", "--suppress-permalink=true", "--skip-plugin-pre-install"];

  const contentOf = (project: string, way: string): StackContent => {
    const file = path.join(root, way, "state/.pulumi/stacks", project, "dev.json");
    const { checkpoint } = JSON.parse(readFileSync(file, "utf8")) as Checkpoint;
    const resources = checkpoint.latest?.resources ?? [];
    const stack = resources.find(resource => resource.type === "pulumi:pulumi:Stack");
    return {
      outputs: withoutCiphertext(stack?.outputs ?? {}),
      urns: resources.map(resource => resource.urn).sort(),
    };
  };

  return {
    root,
    pool,
    /** Whether programs have boxes. */
    boxed: boxed.box !== undefined,
    prepare,
    initStack,
    contentOf,
    async upWithWorker(fixture: Fixture, stackEnv: Record<string, string> = {}): Promise<Ran> {
      const program = await prepare(fixture, "worker");
      const env = environment("worker");
      initStack(fixture.project ?? fixture.name, "worker");
      const worker = await pool.take(program, stackEnv);
      if (!worker.ok) throw new Error(JSON.stringify(worker.failure));
      const attached = { ...env, PULUMI_DEBUG_LANGUAGES: `nodejs:${worker.value.port}` };
      const result = await cli(program, attached, UP);
      const output = worker.value.output();
      await worker.value.stop();
      return { result, text: textOf(result), output };
    },
    async upOrdinary(fixture: Fixture, more: Record<string, string> = {}): Promise<Ran> {
      const program = await prepare(fixture, "ordinary");
      const env = { ...environment("ordinary"), REFERENCE_SDK: program.sdk, ...more };
      initStack(fixture.project ?? fixture.name, "ordinary");
      const result = await cli(program, env, UP);
      return { result, text: textOf(result), output: "" };
    },
    cli: (program: PreparedProgram, args: string[], more: Record<string, string>, signal?: AbortSignal) =>
      cli(program, { ...environment("worker"), ...more }, args, signal),
    async close(): Promise<void> {
      await pool.close();
      rmSync(root, { recursive: true, force: true });
    },
  };
}

export type ProgramBench = Awaited<ReturnType<typeof createProgramBench>>;
