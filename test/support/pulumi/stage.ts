/** A stack on a file backend with the real CLI, the probe provider and one-shot workers: what tests of src/pulumi play on. */
import { settings } from "../engine-samples.ts";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import type { Worker } from "../../../src/engine/ports/program.ts";
import type { OperationContext, Pulumi } from "../../../src/engine/ports/pulumi.ts";
import type { StackDefinition } from "../../../src/engine/ports/stack.ts";
import { createPulumi, type PulumiOptions } from "../../../src/pulumi/create-pulumi.ts";
import { openProbeProvider } from "./provider.ts";
import { startWorker } from "./worker.ts";

const run = promisify(execFile);
const repository = path.resolve(import.meta.dirname, "../../..");

/** The CLI that `locate` puts into the user's cache; HOLDFAST_TEST_PULUMI names another. */
export const pulumiBinary =
  process.env["HOLDFAST_TEST_PULUMI"] ?? path.join(homedir(), ".cache/holdfast/pulumi/3.259.0/bin/pulumi");

/** Settings of a stack as holdfast.yaml leaves them when it says nothing. */
export const plainStack = (over: Partial<StackDefinition> = {}): StackDefinition => ({
  name: "probe/dev",
  project: "probe",
  stack: "dev",
  folder: "",
  runtime: "nodejs",
  settings: settings({ firstApply: "allow", timeout: 60_000 }),
  ...over,
});

/** Redacts nothing. */
export const openRedactor = { add: (): void => undefined, redact: (text: string): string => text };

const sdk = path.join(repository, "node_modules/@pulumi/pulumi");

export interface Stage {
  /** Where the project is. */
  readonly root: string;
  /** Where things are made; free for the test. */
  readonly target: string;
  readonly pulumi: Pulumi;
  /** Replaces the program; the text is the body of an ES module in which `Thing` is the probe's resource. */
  program(text: string): Promise<void>;
  worker(env?: Readonly<Record<string, string>>): Promise<Worker>;
  context(over?: Partial<OperationContext>): OperationContext;
  close(): Promise<void>;
}

const PRELUDE = `import * as pulumi from "@pulumi/pulumi";
class Thing extends pulumi.CustomResource {
  constructor(name, args, options) { super("probe:index:Thing", name, args, options); }
}
`;

export async function openStage(options: Partial<PulumiOptions> = {}): Promise<Stage> {
  const base = await mkdtemp(path.join(tmpdir(), "stage-"));
  const at = (name: string): string => path.join(base, name);
  const [root, target, state] = [at("project"), at("target"), at("state")];
  for (const folder of [root, target, state, path.join(root, "node_modules/@pulumi")])
    await mkdir(folder, { recursive: true });
  await run("ln", ["-s", path.join(repository, "node_modules"), at("node_modules")]);
  await rm(path.join(root, "node_modules"), { recursive: true });
  await writeFile(path.join(root, "Pulumi.yaml"), "name: probe\nruntime: nodejs\n");
  await writeFile(at("config.yaml"), "config: {}\n");
  const env = { PULUMI_CONFIG_PASSPHRASE: "", PULUMI_DIY_BACKEND_NO_LEGACY_WARNING: "true" };
  const provider = await openProbeProvider();
  const pulumi = createPulumi({
    binary: pulumiBinary,
    home: at("home"),
    runDir: at("run"),
    redactor: openRedactor,
    ...options,
  });
  await run(pulumiBinary, ["stack", "init", "organization/probe/dev", "-C", root], {
    env: { ...env, PATH: "/usr/bin:/bin", PULUMI_HOME: at("home"), PULUMI_BACKEND_URL: `file://${state}` },
  });
  const workers: Worker[] = [];
  const entry = path.join(root, "index.mjs");
  return {
    root,
    target,
    pulumi,
    program: text => writeFile(entry, PRELUDE + text),
    async worker(environment = {}) {
      const started = await startWorker(entry, { TARGET: target, ...environment });
      workers.push(started);
      return started;
    },
    context: (over = {}) => ({
      runId: "run-1",
      stack: plainStack(),
      root,
      program: { folder: root, sdk, pathEntries: [sdk], plugins: [] },
      state: { url: `file://${state}`, token: "", organization: "organization" },
      providers: { attach: provider.attach },
      configFile: at("config.yaml"),
      configHash: "",
      env,
      deadlineMs: 60_000,
      signal: new AbortController().signal,
      ...over,
    }),
    async close() {
      for (const worker of workers) await worker.stop();
      provider.close();
      await rm(base, { recursive: true });
    },
  };
}
