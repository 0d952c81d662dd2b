/** Runs the plain CLI with everything in place that a run of holdfast has, under a token of the person's own. */
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fail, ok, type Result } from "../engine/failure.ts";
import { attend } from "../process/attend.ts";
import { homeFolder } from "../process/home-folder.ts";
import { createWorkerPool } from "../program/worker-pool.ts";
import { prepareHome } from "../pulumi/home.ts";
import { locatePulumi } from "../pulumi/locate.ts";
import { connectControl } from "../server/client.ts";
import type { GlobalArgs, Io } from "./command.ts";
import { settingsFor } from "./wire-settings.ts";
import { socketOf } from "./wire-socket.ts";
import { openTokens } from "./wire-token.ts";
import { HOLDFAST } from "./wire-found.ts";
import { openHoldfast } from "./wire.ts";
import { whoAsks } from "./with-control.ts";

/** What `pulumi` is run with; a variable of the person's that begins with PULUMI_ would point it elsewhere, but for those about config. */
const KEPT = ["PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"];

function inherited(env: NodeJS.ProcessEnv): Record<string, string> {
  const entries = Object.entries(env).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  );
  return Object.fromEntries(entries.filter(([name]) => !name.startsWith("PULUMI_") || KEPT.includes(name)));
}

/** A daemon's state service is used as it runs; without a daemon our own is started for as long as the CLI runs. */
async function ensureState(args: GlobalArgs, io: Io): Promise<Result<{ close: () => Promise<void> }>> {
  const settings = await settingsFor(args, io);
  if (!settings.ok) return settings;
  const { data } = settings.value;
  const daemon = existsSync(data) ? await connectControl(socketOf(data), () => undefined) : undefined;
  if (daemon) return ok({ close: async () => undefined });
  const listener = (): undefined => undefined;
  const opened = await openHoldfast({
    // The CLI's programs run in a worker of its own.
    settings: { ...settings.value, workers: 0 },
    env: io.env,
    cwd: io.cwd,
    what: "holdfast pulumi",
    automatic: false,
    listener,
  });
  return opened.ok ? ok({ close: () => opened.value.close(0) }) : opened;
}

async function withToken(
  args: GlobalArgs,
  io: Io,
  work: (url: string, token: string) => Promise<number>,
): Promise<Result<number>> {
  const desk = await openTokens(args, io);
  if (!desk.ok) return desk;
  const { tokens, stateUrl, close } = desk.value;
  const name = `${whoAsks(io)} (holdfast pulumi ${randomBytes(3).toString("hex")})`;
  try {
    const token = await tokens.create(name);
    if (token === undefined || stateUrl === undefined)
      return fail({
        kind: "transient",
        reason: "process-died",
        what: "the state service",
        how: "it has no address yet",
      });
    return ok(await work(stateUrl, token));
  } finally {
    await tokens.revoke(name);
    close();
  }
}

/** The project's own copy of the SDK, where it has one. */
function ownSdk(folder: string): string | undefined {
  try {
    return path.dirname(
      createRequire(path.join(folder, "package.json")).resolve("@pulumi/pulumi/package.json"),
    );
  } catch {
    return undefined;
  }
}

/** Where the person's own CLI keeps the plugins that it has installed; undefined: none are there. */
function personsPlugins({ env }: Io): string | undefined {
  const folder = path.join(env["PULUMI_HOME"] || path.join(homeFolder(), ".pulumi"), "plugins");
  return existsSync(folder) ? folder : undefined;
}

async function runCli(
  args: GlobalArgs & { rest: readonly string[] },
  io: Io,
  binary: string,
  url: string,
  token: string,
): Promise<number> {
  const settings = await settingsFor(args, io);
  const data = settings.ok ? settings.value.data : io.cwd;
  const home = path.join(data, "pulumi-person");
  mkdirSync(home, { recursive: true, mode: 0o700 });
  await prepareHome(home, personsPlugins(io));
  const pool = createWorkerPool({
    holdfast: HOLDFAST,
    cache: path.join(data, "compile-cache"),
    redact: text => text,
    spare: 0,
    debug: true,
  });
  const sdk = ownSdk(io.cwd) ?? path.join(HOLDFAST, "node_modules", "@pulumi", "pulumi");
  const worker = await pool.take({ folder: io.cwd, sdk, pathEntries: [], plugins: [] }, {});
  const env = {
    ...inherited(io.env),
    PATH: [path.join(HOLDFAST, "bin"), path.dirname(process.execPath), io.env["PATH"] ?? ""].join(
      path.delimiter,
    ),
    PULUMI_HOME: home,
    PULUMI_BACKEND_URL: url,
    PULUMI_ACCESS_TOKEN: token,
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    ...(worker.ok ? { PULUMI_DEBUG_LANGUAGES: `nodejs:${worker.value.port}` } : {}),
  };
  try {
    return await attend(binary, args.rest, { cwd: io.cwd, env });
  } finally {
    await pool.close();
  }
}

export async function runPulumi(
  args: GlobalArgs & { rest: readonly string[] },
  io: Io,
): Promise<Result<number>> {
  const located = await locatePulumi({
    env: io.env,
    override: args.pulumi,
    tools: path.join(HOLDFAST, "tools"),
    install: true,
  });
  if (!located.found)
    return fail({ kind: "stalled", reason: "plugin-missing", plugin: "pulumi", how: located.message });
  const state = await ensureState(args, io);
  if (!state.ok) return state;
  try {
    return await withToken(args, io, (url, token) => runCli(args, io, located.path, url, token));
  } finally {
    await state.value.close();
  }
}
