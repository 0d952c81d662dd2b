/** A whole holdfast in this process, on a real repository, the real CLI and a sandbox: for tests of behaviour. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { TestContext } from "node:test";
import type { IsolationSettings } from "../../src/config/daemon.ts";
import type { Elsewhere } from "../../src/commands/wire-found.ts";
import { openHoldfast, type Holdfast } from "../../src/commands/wire.ts";
import { backupsOf, type MinimumFree } from "../../src/config/care-settings.ts";
import type { SignerSettings } from "../../src/config/signer-settings.ts";
import type { Controller } from "../../src/engine/controller.ts";
import type { EngineEvent } from "../../src/engine/event.ts";
import type { Plan } from "../../src/engine/ports/plan.ts";
import type { RunMode, RunRecord, StackStatus } from "../../src/engine/ports/records.ts";
import type { Result } from "../../src/engine/failure.ts";
import { run as runProgram } from "../../src/process/run.ts";
import { pulumiBinary } from "./pulumi/stage.ts";
import { makeRepository, tempFolder, type Files, type TestRepository } from "./git.ts";

export interface StageOptions {
  /** The first commit. \`box\` is the sandbox's folder. */
  readonly files: (box: string) => Files;
  /** Default false: only what a test asks for runs. */
  readonly automatic?: boolean;
  /** Default 2. */
  readonly parallelism?: number;
  /** As in settings.yaml. */
  readonly backups?: Parameters<typeof backupsOf>[0];
  readonly minimumFree?: MinimumFree;
  /** Whose commits count. Default: everybody's. */
  readonly signers?: SignerSettings;
  /** Default: as the daemon's. */
  readonly isolation?: IsolationSettings;
  /** On top of the environment of the test. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A folder that stands for a host. */
export interface Sandbox {
  readonly folder: string;
  /** Undefined where the file is missing. */
  read(name: string): string | undefined;
  write(name: string, content: string): void;
  remove(name: string): void;
}

export interface Stage {
  readonly repository: TestRepository;
  readonly data: string;
  readonly box: Sandbox;
  /** All that was told since the start, or since \`reopen\`. */
  readonly events: EngineEvent[];
  /** Of the holdfast that is open now. */
  readonly holdfast: () => Holdfast;
  readonly controller: () => Controller;
  /** Commits to the watched branch; answers the commit's id. */
  commit(files: Files, subject?: string): string;
  /** Fetches and runs one stack to its end. */
  sync(stack: string, options?: { readonly first?: boolean }): Promise<RunRecord>;
  plan(stack: string): Promise<RunRecord>;
  check(stack: string): Promise<RunRecord>;
  destroy(stack: string): Promise<RunRecord>;
  /** Several stacks, or all, with one wish; by stack. */
  run(mode: RunMode, stacks?: readonly string[]): Promise<ReadonlyMap<string, RunRecord>>;
  /** Calls `change` once, between the next plan of this stack and its apply, which waits for it. */
  beforeApply(stack: string, change: (plan: Plan) => unknown): void;
  /** Calls `change` once, at the beginning of this stack's next run. */
  beforeLook(stack: string, change: () => void): void;
  status(stack: string): Promise<StackStatus>;
  /** The plain Pulumi CLI of a person with a token of their own, in the folder `work` of the data folder. */
  personsCli(): Promise<PersonsCli>;
  /** Names of the custom resources in the state, sorted; providers left out. */
  resources(stack: string): Promise<readonly string[]>;
  /** Closes holdfast and opens it again on the same data folder. */
  reopen(options?: { readonly automatic?: boolean }): Promise<void>;
  close(): Promise<void>;
}

/** Answers what it said; fails the test where it ends with another code than 0. */
export type PersonsCli = (...args: readonly string[]) => Promise<string>;

/** The value; fails the test with the failure's words. */
export function must<T>(result: Result<T>): T {
  if (!result.ok) assert.fail(JSON.stringify(result.failure, null, 1));
  return result.value;
}

function sandbox(folder: string): Sandbox {
  const at = (name: string): string => path.join(folder, name);
  return {
    folder,
    read: name => (existsSync(at(name)) ? readFileSync(at(name), "utf8") : undefined),
    write(name, content) {
      mkdirSync(path.dirname(at(name)), { recursive: true });
      writeFileSync(at(name), content);
    },
    remove: name => rmSync(at(name), { recursive: true }),
  };
}

type Deployment = { readonly deployment?: { readonly resources?: readonly { readonly urn: string }[] } };
const isDeployment = (value: unknown): value is Deployment => typeof value === "object" && value !== null;

function namesIn(exported: unknown): readonly string[] {
  assert.ok(isDeployment(exported));
  return (exported.deployment?.resources ?? [])
    .map(({ urn }) => urn)
    .filter(urn => !urn.includes("::pulumi:"))
    .map(urn => urn.slice(urn.lastIndexOf("::") + 2))
    .sort();
}

interface Hooks {
  readonly look: Map<string, () => void>;
  readonly apply: Map<string, (plan: Plan) => unknown>;
  /** What `beforeApply` began; it has ended before anything is bound to a plan. */
  changing: unknown;
}

function once<T>(hooks: Map<string, T>, stack: string): T | undefined {
  const hook = hooks.get(stack);
  hooks.delete(stack);
  return hook;
}

function listenTo(events: EngineEvent[], hooks: Hooks): (event: EngineEvent) => void {
  return event => {
    events.push(event);
    if (event.type === "run-started") once(hooks.look, event.run.stack)?.();
    const change = event.type === "planned" ? once(hooks.apply, event.stack) : undefined;
    if (event.type === "planned" && change)
      hooks.changing = Promise.all([hooks.changing, change(event.plan)]);
  };
}

/** As it is, but for a wait between plan and apply. */
const waiting = (hooks: Hooks): Elsewhere => ({
  env: {},
  pulumi: own => own,
  state: own => ({
    ...own,
    async bind(runId, binding) {
      if (binding.kind !== "awaited") await hooks.changing;
      await own.bind(runId, binding);
    },
  }),
});

const SHUTDOWN_MS = 10_000;

/** Opens it; everything goes away with the test. */
export async function openStage(t: TestContext, options: StageOptions): Promise<Stage> {
  let current: Holdfast | undefined;
  const close = async (): Promise<void> => {
    const closing = current;
    current = undefined;
    await closing?.close(SHUTDOWN_MS);
  };
  // Before the folders are made: what is to be done after a test is done in the order in which it was said.
  t.after(close);
  const data = path.join(tempFolder(t), "data");
  const box = sandbox(tempFolder(t, "holdfast-box-"));
  const repository = makeRepository(t, { files: options.files(box.folder) });
  const events: EngineEvent[] = [];
  const hooks: Hooks = { look: new Map(), apply: new Map(), changing: undefined };
  const open = async (automatic: boolean): Promise<Holdfast> => {
    const settings = {
      repo: repository.url,
      branch: repository.branch,
      data,
      listen: { host: "127.0.0.1", port: 0 },
      behindProxy: false,
      apiTokenRequired: true,
      credentials: [],
      backups: backupsOf(options.backups, data),
      ...(options.minimumFree && { minimumFree: options.minimumFree }),
      parallelism: options.parallelism ?? 2,
      workers: 1,
      // What a test does to the sandbox by hand stays until it, or its holdfast.yaml, wants it looked at.
      probe: "off" as const,
      ...(options.isolation ? { isolation: options.isolation } : {}),
      ...(options.signers && { signers: options.signers }),
    };
    const env = { ...process.env, ...options.env };
    const how = { what: "test", automatic, listener: listenTo(events, hooks), elsewhere: waiting(hooks) };
    const opened = must(await openHoldfast({ settings, env, cwd: data, ...how }));
    if (automatic) opened.controller.start();
    return opened;
  };
  current = await open(options.automatic ?? false);
  const holdfast = (): Holdfast => current ?? assert.fail("holdfast is closed");
  return { ...stageOf({ repository, data, box, events, hooks, holdfast }), close, reopen };

  async function reopen(again: { readonly automatic?: boolean } = {}): Promise<void> {
    await close();
    events.length = 0;
    current = await open(again.automatic ?? false);
  }
}

interface Parts {
  readonly repository: TestRepository;
  readonly data: string;
  readonly box: Sandbox;
  readonly events: EngineEvent[];
  readonly hooks: Hooks;
  readonly holdfast: () => Holdfast;
}

let people = 0;

const CLI_MS = 60_000;

/** We go on meanwhile: the state service asks us to unwrap keys. */
async function personsCli({ data, holdfast }: Parts): Promise<PersonsCli> {
  const token = (await holdfast().tokens.create(`person ${++people}`)) ?? assert.fail("no token");
  const cwd = path.join(data, "work");
  mkdirSync(cwd, { recursive: true });
  const env = {
    PATH: process.env["PATH"] ?? "",
    HOME: data,
    PULUMI_HOME: path.join(data, "pulumi-person"),
    PULUMI_BACKEND_URL: holdfast().stateUrl,
    PULUMI_ACCESS_TOKEN: token,
    PULUMI_SKIP_UPDATE_CHECK: "true",
  };
  return async (...args) => {
    const given = ["--non-interactive", ...args];
    const ended = await runProgram(pulumiBinary, given, { cwd, env, deadlineMs: CLI_MS });
    assert.equal(ended.code, 0, ended.stderr.toString());
    return ended.stdout.toString();
  };
}

function stageOf(parts: Parts): Omit<Stage, "close" | "reopen"> {
  const { repository, data, box, events, hooks, holdfast } = parts;
  const controller = (): Controller => holdfast().controller;
  const run = async (mode: RunMode, stacks: readonly string[] = [], first = false) => {
    const runs = must(await controller().ask({ stacks, mode, by: "test", first }));
    return new Map(runs.map(record => [record.stack, record]));
  };
  const one = async (mode: RunMode, stack: string, first = false): Promise<RunRecord> =>
    (await run(mode, [stack], first)).get(stack) ?? assert.fail(`no run of ${stack}`);
  return {
    repository,
    data,
    box,
    events,
    holdfast,
    controller,
    run: (mode, stacks) => run(mode, stacks),
    commit: (files, subject = "change") => repository.commit(subject, files),
    sync: (stack, options) => one("converge", stack, options?.first),
    plan: stack => one("plan", stack),
    check: stack => one("check", stack),
    destroy: stack => one("destroy", stack),
    beforeApply: (stack, change) => void hooks.apply.set(stack, change),
    beforeLook: (stack, change) => void hooks.look.set(stack, change),
    async status(stack) {
      return (await holdfast().records.status(stack)) ?? assert.fail(`${stack} has no status`);
    },
    personsCli: () => personsCli(parts),
    resources: async stack => namesIn(must(await controller().exportState(stack))),
  };
}
