/** A state service in this process, on a database in a temporary folder, and the real CLI against it. */
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { createAgeKeyWrapper, type KeyWrapper } from "../../src/backend/keys.ts";
import { createStateService, type StateService } from "../../src/backend/service.ts";
import { createStateControl } from "../../src/backend/state-control.ts";
import { createPeopleTokens } from "../../src/backend/tokens.ts";
import type { Clock } from "../../src/engine/ports/clock.ts";
import type { OperationContext, Pulumi } from "../../src/engine/ports/pulumi.ts";
import type { StateControl } from "../../src/engine/ports/state.ts";
import type { StateStore } from "../../src/engine/ports/state-store.ts";
import { run, type RunResult } from "../../src/process/run.ts";
import { createPulumi } from "../../src/pulumi/create-pulumi.ts";
import { openDatabase } from "../../src/store/database.ts";
import { stateMigrations } from "../../src/store/state-schema.ts";
import { createSqliteStateStore } from "../../src/store/state-sqlite.ts";
import { createSealer } from "../../src/secrets/sealer.ts";
import { openProbeProvider } from "./pulumi/provider.ts";
import { openRedactor, plainStack, pulumiBinary } from "./pulumi/stage.ts";
import { identitiesFrom, testKey } from "./secrets.ts";
import { startWorker } from "./pulumi/worker.ts";

const repository = path.resolve(import.meta.dirname, "../..");

/** A clock that a test can put forward. */
export interface TestClock extends Clock {
  skip(ms: number): void;
}

export function createTestClock(): TestClock {
  let ahead = 0;
  return {
    now: () => Date.now() + ahead,
    after: () => () => undefined,
    random: () => 0.5,
    skip: ms => void (ahead += ms),
  };
}

export interface ServiceStage {
  readonly folder: string;
  readonly db: DatabaseSync;
  readonly store: StateStore;
  readonly keys: KeyWrapper;
  readonly clock: TestClock;
  readonly control: StateControl;
  readonly url: string;
  /** A person's token. */
  readonly token: string;
  /** What the service logged. */
  /** Every journal entry that was stored, in its order. */
  readonly journalled: unknown[];
  readonly logged: { readonly level: string; readonly fields: Readonly<Record<string, unknown>> }[];
  /** Ends the service and starts another on the same port and database: a restart. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

export async function openServiceStage(): Promise<ServiceStage> {
  const folder = await mkdtemp(path.join(tmpdir(), "state-"));
  const db = openDatabase(path.join(folder, "holdfast.db"), stateMigrations);
  const store = createSqliteStateStore(db);
  const { recipient, file } = await testKey(folder, "age-key.txt");
  await store.changeKeys({ rewrapped: [], added: [], recipients: [recipient] });
  const keys = createAgeKeyWrapper(createSealer(identitiesFrom({ SOPS_AGE_KEY_FILE: file })), store);
  const clock = createTestClock();
  const logged: ServiceStage["logged"] = [];
  const journalled: unknown[] = [];
  const listening = (): StateStore => {
    const plain = createSqliteStateStore(db);
    const appendJournal: StateStore["appendJournal"] = async (id, rows) => {
      const stored = await plain.appendJournal(id, rows);
      if (stored) journalled.push(...rows.map(row => JSON.parse(row.text) as unknown));
      return stored;
    };
    return { ...plain, appendJournal };
  };
  const make = (): StateService =>
    createStateService({
      store: listening(),
      keys,
      clock,
      log: (level, _message, fields) => void logged.push({ level, fields }),
    });
  await store.setOrganization({ name: "organization", aliases: ["acme"] });
  let service = make();
  const port = await service.listen(0);
  const url = `http://127.0.0.1:${port}`;
  const token = await createPeopleTokens(store, () => clock.now()).create("anna");
  return {
    folder,
    db,
    store,
    keys,
    clock,
    control: createStateControl({ store, keys, url, clock }),
    url,
    token: token ?? "",
    logged,
    journalled,
    restart: async () => {
      await service.close();
      service = make();
      await service.listen(port);
    },
    close: async () => {
      await service.close();
      db.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** Calls the service as a client would. */
export async function call(
  stage: Pick<ServiceStage, "url" | "token">,
  method: string,
  route: string,
  options: { readonly body?: unknown; readonly token?: string; readonly scheme?: string } = {},
): Promise<{ readonly status: number; readonly json: Record<string, unknown> }> {
  const { body, token = stage.token, scheme = "token" } = options;
  const init: RequestInit = {
    method,
    headers: { authorization: `${scheme} ${token}`, "content-type": "application/json" },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  };
  const ask = (): Promise<Response> => fetch(stage.url + route, init);
  // A kept connection may belong to a service that was restarted since; the CLI asks again as well.
  const response = await ask().catch(ask);
  const text = await response.text();
  return { status: response.status, json: (text ? JSON.parse(text) : {}) as Record<string, unknown> };
}

export interface CliStage extends ServiceStage {
  readonly root: string;
  readonly target: string;
  readonly pulumi: Pulumi;
  /** The body of an ES module in which `Thing` is the probe's resource and `at(NAME)` a path for it. */
  program(text: string): Promise<void>;
  /** The plain CLI with a person's token; with a program worker where `program` is set. */
  cli(
    args: readonly string[],
    options?: {
      readonly program?: boolean;
      readonly env?: Readonly<Record<string, string>>;
      readonly input?: string;
      readonly onStart?: (pid: number) => void;
    },
  ): Promise<RunResult & { readonly text: string }>;
  /** For the operations of src/pulumi, as a run. */
  context(runId: string, over?: Partial<OperationContext>): Promise<OperationContext>;
  worker(): ReturnType<typeof startWorker>;
}

const PRELUDE = `import * as pulumi from "@pulumi/pulumi";
class Thing extends pulumi.CustomResource {
  constructor(name, args, options) { super("probe:index:Thing", name, args, options); }
}
const at = name => process.env.TARGET + "/" + name;
`;

const DEADLINE_MS = 60_000;

export async function openCliStage(): Promise<CliStage> {
  const service = await openServiceStage();
  const { folder, url, token } = service;
  const [root, target, home] = ["project", "target", "home"].map(name => path.join(folder, name)) as [
    string,
    string,
    string,
  ];
  for (const made of [root, target, home]) await mkdir(made);
  // A plain file in the place of the folder of logs: the CLI then keeps none.
  await writeFile(path.join(home, "logs"), "");
  await symlink(path.join(repository, "node_modules"), path.join(folder, "node_modules"));
  await writeFile(path.join(root, "Pulumi.yaml"), "name: probe\nruntime: nodejs\n");
  await writeFile(path.join(folder, "config.yaml"), "config: {}\n");
  const entry = path.join(root, "index.mjs");
  const provider = await openProbeProvider();
  const sdk = path.join(repository, "node_modules/@pulumi/pulumi");
  const worker = (): ReturnType<typeof startWorker> => startWorker(entry, { TARGET: target });
  const base = {
    PATH: "/usr/bin:/bin",
    PULUMI_HOME: home,
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    PULUMI_JOURNALING_BATCH_PERIOD: "1",
    PULUMI_DEBUG_PROVIDERS: provider.attach,
    PULUMI_BACKEND_URL: url,
    PULUMI_ACCESS_TOKEN: token,
    NO_COLOR: "1",
  };
  return {
    ...service,
    root,
    target,
    pulumi: createPulumi({
      binary: pulumiBinary,
      home: path.join(folder, "run-home"),
      runDir: path.join(folder, "run"),
      redactor: openRedactor,
    }),
    program: text => writeFile(entry, PRELUDE + text),
    cli: async (args, options = {}) => {
      const started = options.program ? await worker() : undefined;
      const languages = started && { PULUMI_DEBUG_LANGUAGES: `nodejs:${started.port}` };
      const env = { ...base, ...languages, ...options.env };
      const { input, onStart } = options;
      const ended = await run(pulumiBinary, ["--non-interactive", ...args], {
        cwd: root,
        env,
        deadlineMs: DEADLINE_MS,
        ...(input !== undefined && { input }),
        ...(onStart && { onStart }),
      });
      await started?.stop();
      return { ...ended, text: `${ended.stdout.toString()}\n${ended.stderr.toString()}` };
    },
    context: async (runId, over = {}) => ({
      runId,
      stack: plainStack(),
      root,
      program: { folder: root, sdk, pathEntries: [sdk], plugins: [] },
      state: await service.control.openRun({ runId, stack: "probe/dev" }),
      providers: { attach: provider.attach },
      configFile: path.join(folder, "config.yaml"),
      configHash: "",
      env: {},
      deadlineMs: DEADLINE_MS,
      signal: new AbortController().signal,
      ...over,
    }),
    worker,
    close: async () => {
      provider.close();
      await service.close();
    },
  };
}
