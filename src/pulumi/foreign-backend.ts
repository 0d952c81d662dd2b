/**
 * A backend of Pulumi's own (folder, bucket, PostgreSQL), as the real CLI reads and writes it. Each call is one CLI with
 * a PULUMI_HOME of its own that ends with it; state goes through pipes. Behaviour as in pkg/backend/diy of 3.259.0.
 */
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { ok, type Result } from "../engine/failure.ts";
import { run, type RunResult } from "../process/run.ts";
import { foreignFailure } from "./foreign-failures.ts";
import type { BackendUrl } from "./foreign-url.ts";
import { openOperationFolder, prepareHome } from "./home.ts";

export interface ForeignOptions {
  /** Absolute path of the Pulumi CLI, 3.259.0. */
  readonly binary: string;
  readonly address: BackendUrl;
  /** The person's environment: logins of the store, and the passphrase. What begins with PULUMI_ is left out but for that. */
  readonly env: Readonly<Record<string, string>>;
  /** For the folders of each call, on tmpfs. */
  readonly runDir: string;
  readonly signal?: AbortSignal;
}

export interface ForeignStack {
  /** As the backend calls it: `organization/PROJECT/STACK`, or only `STACK` in a backend from before projects. */
  readonly reference: string;
  /** Undefined in a backend from before projects: its resources know. */
  readonly project?: string;
  readonly stack: string;
  readonly resources: number;
}

export interface ForeignBackend {
  readonly shown: string;
  /** Failures: state-unreadable, stack-busy, timed-out, process-died, shutting-down. */
  stacks(): Promise<Result<readonly ForeignStack[]>>;
  /** The deployment with its secrets in the clear. Failures: those of `stacks`. */
  exportState(reference: string): Promise<Result<unknown>>;
  /** Makes a stack with the passphrase secrets provider. Failures: those of `stacks`, cli-failed. */
  create(project: string, stack: string): Promise<Result<void>>;
  /** Puts a deployment in the place of what the stack has. Failures: those of `stacks`, cli-failed. */
  importState(reference: string, deployment: unknown): Promise<Result<void>>;
}

/** A large state in a slow bucket; listing asks PostgreSQL once for each stack. */
const DEADLINE_MS = 10 * 60_000;
/** What a daemon takes at its socket, too; a state of 100,000 resources is about 100 MB. */
const MAX_STATE = 256 * 1024 * 1024;

/** A CLI that reads must not write: into an empty place it would put the mark of the new layout (meta.yaml). */
const READING = {
  PULUMI_DIY_BACKEND_LEGACY_LAYOUT: "true",
  PULUMI_DIY_BACKEND_IGNORE_DEPRECATION_ERROR: "true",
  PULUMI_DIY_BACKEND_NO_LEGACY_WARNING: "true",
};

const ALWAYS = {
  PULUMI_SKIP_UPDATE_CHECK: "true",
  PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
  NO_COLOR: "1",
};

interface Call {
  readonly args: readonly string[];
  readonly writes: boolean;
  readonly input?: string;
  /** A project's name, for calls that want a project's file. */
  readonly project?: string;
}

async function cli(options: ForeignOptions, { args, writes, input, project }: Call): Promise<RunResult> {
  const own = await openOperationFolder(options.runDir);
  try {
    const [home, cwd] = [path.join(own.folder, "home"), path.join(own.folder, "work")];
    await prepareHome(home);
    // No project of the person's is there: names are whole, and none of its files is read or changed.
    await mkdir(cwd);
    if (project !== undefined)
      await writeFile(path.join(cwd, "Pulumi.yaml"), JSON.stringify({ name: project, runtime: "nodejs" }));
    const place = { PULUMI_HOME: home, PULUMI_CREDENTIALS_PATH: own.folder };
    const env = {
      ...options.env,
      ...ALWAYS,
      ...(writes ? {} : READING),
      ...place,
      PULUMI_BACKEND_URL: options.address.url,
    };
    return await run(options.binary, [...args, "--non-interactive"], {
      ...{ cwd, env, deadlineMs: DEADLINE_MS, maxOutput: MAX_STATE },
      ...(input !== undefined && { input }),
      ...(options.signal && { signal: options.signal }),
    });
  } finally {
    await own.remove();
  }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** One of `pulumi stack ls --json`. */
function stackOf(value: unknown): ForeignStack | undefined {
  if (!isObject(value) || typeof value["name"] !== "string") return undefined;
  const reference = value["name"];
  const count = value["resourceCount"];
  const [stack = "", project] = reference.split("/").reverse();
  return {
    reference,
    stack,
    ...(project !== undefined && { project }),
    resources: typeof count === "number" ? count : 0,
  };
}

export function openForeignBackend(options: ForeignOptions): ForeignBackend {
  const { address } = options;
  const call = async (what: string, wanted: Call): Promise<Result<string>> => {
    const result = await cli(options, wanted);
    const { writes } = wanted;
    const failure = foreignFailure({ what, address, result, writes, deadlineMs: DEADLINE_MS });
    return failure ? { ok: false, failure } : ok(result.stdout.toString("utf8"));
  };
  return {
    shown: address.shown,
    async stacks() {
      const listed = await call("stack ls", { args: ["stack", "ls", "--all", "--json"], writes: false });
      if (!listed.ok) return listed;
      const all: unknown = JSON.parse(listed.value);
      return ok(Array.isArray(all) ? all.flatMap(one => stackOf(one) ?? []) : []);
    },
    async exportState(reference) {
      const args = ["stack", "export", "--show-secrets", "--stack", reference];
      const exported = await call(`stack export ${reference}`, { args, writes: false });
      return exported.ok ? ok(JSON.parse(exported.value) as unknown) : exported;
    },
    async create(project, stack) {
      const reference = `organization/${project}/${stack}`;
      const args = ["stack", "init", reference, "--secrets-provider=passphrase", "--no-select"];
      const made = await call(`stack init ${reference}`, { args, writes: true, project });
      return made.ok ? ok(undefined) : made;
    },
    async importState(reference, deployment) {
      const args = ["stack", "import", "--stack", reference];
      const input = JSON.stringify(deployment);
      const imported = await call(`stack import ${reference}`, { args, writes: true, input });
      return imported.ok ? ok(undefined) : imported;
    },
  };
}
