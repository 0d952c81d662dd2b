/** Sets the demo's stage: a folder of its own with a key, the starter estate in a bare repository, a daemon. */
import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { Result } from "../engine/failure.ts";
import { run } from "../process/run.ts";
import { connectControl } from "../server/client.ts";
import type { Io } from "./command.ts";
import { createDaemon, type OwnDaemon } from "./demo-daemon.ts";
import { connectEstate, realHosts, visit } from "./demo-hosts.ts";
import { createRepository } from "./demo-repository.ts";
import { StepFailed, Stopped, type Stage } from "./demo-stage.ts";
import { EVERYTHING, WRITTEN } from "./demo-target.ts";
import { plantEstate } from "./wire-init.ts";
import { socketOf } from "./wire-socket.ts";
import { HOLDFAST } from "./wire-found.ts";

export interface OwnStage extends Stage {
  /** What a shell needs to go on where the demo ended. */
  readonly settings: Readonly<Record<string, string>>;
  readonly daemon: OwnDaemon;
  /** Absolute path of `holdfast`, for who has it not on PATH. */
  readonly program: string;
  /** Ends the daemon; removes the folder unless it is to be kept. */
  close(keep: boolean): Promise<void>;
}

export interface StageOptions {
  readonly io: Io;
  readonly signal: AbortSignal;
  readonly say: (text: string) => void;
  /** Flags that every command gets, such as --pulumi. */
  readonly flags: readonly string[];
}

/** Without a word of the daemon, which says each resource: a machine that is merely busy is waited for. */
const PATIENCE_MS = 90_000;
const LOOK_MS = 25;
const VERB_MS = 120_000;

/** The person's environment without settings of another holdfast, another key or another identity. */
function environment(
  env: NodeJS.ProcessEnv,
  settings: Readonly<Record<string, string>>,
): Record<string, string> {
  const foreign = /^(HOLDFAST_|SOPS_|GIT_|PULUMI_)/;
  const kept = Object.entries(env).flatMap(([name, value]) =>
    value === undefined || (foreign.test(name) && name !== "HOLDFAST_PULUMI") ? [] : [[name, value] as const],
  );
  return { ...Object.fromEntries(kept), ...settings };
}

const GIT_IDENTITY = `[user]
\tname = Sam Gamgee
\temail = sam@example.org
[commit]
\tgpgSign = false
`;

function settingsIn(folder: string): Record<string, string> {
  return {
    HOLDFAST_DATA: path.join(folder, "data"),
    HOLDFAST_HOOK_SECRET_FILE: path.join(folder, "hook-secret"),
    SOPS_AGE_KEY_FILE: path.join(folder, ".config", "sops", "age", "keys.txt"),
    GIT_CONFIG_GLOBAL: path.join(folder, "gitconfig"),
  };
}

async function plant(folder: string, settings: Readonly<Record<string, string>>): Promise<Result<unknown>> {
  await writeFile(settings["GIT_CONFIG_GLOBAL"] ?? "", GIT_IDENTITY);
  await writeFile(settings["HOLDFAST_HOOK_SECRET_FILE"] ?? "", randomBytes(32).toString("hex"), {
    mode: 0o600,
  });
  await mkdir(path.join(folder, "work"));
  // A key of the demo's own: the folder is all the home that it knows.
  return plantEstate(path.join(folder, "work"), { HOME: folder });
}

function createUntil(options: StageOptions, daemon: OwnDaemon): Stage["until"] {
  return async (what, look) => {
    const start = performance.now();
    for (;;) {
      if (options.signal.aborted) throw new Stopped();
      const found = await look();
      if (found !== undefined) return found;
      const silent = performance.now() - Math.max(start, daemon.lastWord()) > PATIENCE_MS;
      const why = daemon.died() ?? (silent ? `nothing happened for ${PATIENCE_MS / 1000} s` : undefined);
      if (why !== undefined)
        throw new StepFailed(`waiting for ${what}: ${why}. The daemon said last:\n${daemon.log()}`);
      await wait(LOOK_MS);
    }
  };
}

/** Real commands, as a person would type them. */
function createRunner(options: StageOptions, cwd: string, env: Record<string, string>): Stage["holdfast"] {
  return async (...args) => {
    options.say(`$ holdfast ${args.join(" ")}`);
    const words = [path.join(HOLDFAST, "src/cli.ts"), ...args, ...options.flags];
    const { signal } = options;
    const result = await run(process.execPath, words, { cwd, env, deadlineMs: VERB_MS, signal });
    if (signal.aborted) throw new Stopped();
    options.say(`${result.stdout.toString()}${result.stderr.toString()}`.trimEnd());
    return result.code ?? 1;
  };
}

/** Failures: those of `init`. Throws StepFailed where Git does not work. */
export async function openStage(options: StageOptions): Promise<Result<OwnStage>> {
  const folder = await mkdtemp(path.join(os.tmpdir(), "holdfast-demo-"));
  const remove = (): void => rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  const settings = settingsIn(folder);
  const env = environment(options.io.env, settings);
  const data = settings["HOLDFAST_DATA"] ?? "";
  const daemon = createDaemon({
    holdfast: HOLDFAST,
    folder,
    arguments: ["--repo", path.join(folder, "estate.git"), "--listen", "127.0.0.1:0", ...options.flags],
    env,
    signal: options.signal,
    connect: () => connectControl(socketOf(data), () => undefined).catch(() => undefined),
  });
  // A second Ctrl-C ends us without a word: then at least nothing is left running.
  const atExit = (): void => (daemon.endNow(), remove());
  process.once("exit", atExit);
  const close = async (keep: boolean): Promise<void> => {
    await daemon.stop();
    if (!keep) remove();
    process.off("exit", atExit);
  };
  try {
    const planted = await plant(folder, settings);
    if (!planted.ok) {
      await close(false);
      return planted;
    }
    const real = realHosts(options.io.env);
    if (real) await connectEstate(path.join(folder, "work"), real);
    const repository = await createRepository({
      folder,
      env,
      hookSecretFile: settings["HOLDFAST_HOOK_SECRET_FILE"] ?? "",
      daemonUrl: () => daemon.url(),
      say: options.say,
      signal: options.signal,
    });
    const stage: OwnStage = {
      folder,
      settings,
      program: path.join(HOLDFAST, "bin", "holdfast"),
      repository,
      daemon,
      host: name => real?.[name]?.root ?? path.join(data, "sandbox", name),
      places: real ? WRITTEN : EVERYTHING,
      visit: async name => (real?.[name] ? visit(real[name], `${name}.example.org`) : undefined),
      say: options.say,
      holdfast: createRunner(options, path.join(folder, "work"), env),
      until: createUntil(options, daemon),
      overview: async () => (await daemon.control())?.overview().catch(() => undefined),
      close,
    };
    return { ok: true, value: stage };
  } catch (error) {
    await close(false);
    throw error;
  }
}
