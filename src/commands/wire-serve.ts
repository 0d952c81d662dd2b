/** The daemon: holdfast with its HTTP server, its metrics and its log. */
import { rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { DaemonSettings } from "../config/daemon.ts";
import type { EventListener } from "../engine/event.ts";
import { fail, ok, type Failure, type Result } from "../engine/failure.ts";
import { settleHeapWhenQuiet } from "../process/quiet-heap.ts";
import { systemClock } from "../process/system-clock.ts";
import { createMetrics } from "../report/metrics.ts";
import { createProgress } from "../report/progress.ts";
import { createHttpServer, type HoldfastServer, type ServerOptions } from "../server/server.ts";
import type { Args, Builder, Io } from "./command.ts";
import { isolationFlags, type IsolationArgs } from "./isolation-options.ts";
import { settingsFor } from "./wire-settings.ts";
import { viewsOf } from "./views.ts";
import { createHealth } from "./wire-health.ts";
import { socketOf } from "./wire-socket.ts";
import { openHoldfast, type Holdfast } from "./wire.ts";

export interface Daemon {
  readonly close: () => Promise<void>;
}

/** How long an apply under way may go on after SIGTERM; systemd waits 90 s by default. */
const GRACE_MS = 60_000;

type ServeArgs = Args<Builder> & {
  readonly listen?: string | undefined;
  readonly settings?: string | undefined;
  readonly "allowed-signers-file"?: string | undefined;
  readonly "revoked-signers-file"?: string | undefined;
  readonly "gpg-keys-file"?: string | undefined;
} & IsolationArgs;

const flagsOf = (args: ServeArgs): Readonly<Record<string, string | undefined>> => ({
  listen: args.listen,
  allowedSignersFile: args["allowed-signers-file"],
  revokedSignersFile: args["revoked-signers-file"],
  gpgKeysFile: args["gpg-keys-file"],
  ...isolationFlags(args),
});

/** All who listen to what happens. */
function fanOut(): { emit: EventListener; subscribe: (listener: EventListener) => () => void } {
  const listeners = new Set<EventListener>();
  return {
    emit: event => listeners.forEach(listener => listener(event)),
    subscribe: listener => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

/** Names by which others reach us. */
const hosts = ({ publicUrl, listen }: DaemonSettings): readonly string[] => [
  listen.host,
  ...(publicUrl === undefined ? [] : [new URL(publicUrl).hostname]),
];

function serverOptions(
  holdfast: Holdfast,
  settings: DaemonSettings,
  metrics: () => Promise<string>,
  { emit, subscribe }: ReturnType<typeof fanOut>,
): ServerOptions {
  const { hookSecretFile } = settings;
  return {
    control: holdfast.controller,
    subscribe,
    metrics,
    health: createHealth(holdfast),
    explain: trouble => holdfast.care.explain(trouble),
    hookSecret: async () =>
      hookSecretFile === undefined ? undefined : (await readFile(hookSecretFile, "utf8")).trim(),
    person: holdfast.person,
    tokenRequired: settings.apiTokenRequired,
    hosts: hosts(settings),
    onError: error => emit({ type: "message", level: "error", text: String(error), at: systemClock.now() }),
  };
}

/** What is wrong with the address, in the words of whoever has to mend it. */
function listenProblem(error: unknown, { host, port }: DaemonSettings["listen"]): Failure {
  const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
  const why: Record<string, string> = {
    EADDRINUSE: "another program listens there",
    EADDRNOTAVAIL: "this machine has no such address",
    ENOTFOUND: "this name is not known",
    EACCES: "this user may not listen on that port",
  };
  const problem = {
    message: `${host}:${port} cannot be listened on: ${why[code] ?? code}`,
    hint: "choose another address with --listen HOST:PORT (port 0 takes a free one)",
  };
  return { kind: "stalled", reason: "config-invalid", problems: [problem] };
}

async function listen(server: HoldfastServer, settings: DaemonSettings): Promise<Result<number>> {
  const socket = socketOf(settings.data);
  // We hold the folder's lock: a socket that is there is a dead daemon's.
  rmSync(socket, { force: true });
  await server.listenLocal(socket);
  const { host, port } = settings.listen;
  try {
    return ok(await server.listen(host, port));
  } catch (error) {
    return fail(listenProblem(error, settings.listen));
  }
}

/** Opens everything and starts to work. */
export async function openDaemon(args: ServeArgs, io: Io): Promise<Result<Daemon>> {
  const settings = await settingsFor(args, io, flagsOf(args), args.settings);
  if (!settings.ok) return settings;
  const told = fanOut();
  told.subscribe(createProgress(line => io.stderr(line), { color: io.isTTY.stderr, verbose: args.verbose }));
  const onProgress = (text: string): void => io.stderr(`${text}\n`);
  const opened = await openHoldfast({
    settings: settings.value,
    env: io.env,
    cwd: io.cwd,
    what: "holdfast serve",
    automatic: true,
    listener: told.emit,
    onProgress,
  });
  if (!opened.ok) return opened;
  const holdfast = opened.value;
  const metrics = createMetrics({
    views: async () => viewsOf(await holdfast.controller.overview()),
    care: holdfast.care.facts,
  });
  told.subscribe(metrics.listener);
  const server = createHttpServer(serverOptions(holdfast, settings.value, () => metrics.text(), told));
  const close = async (): Promise<void> => {
    server.drain();
    // Who waits for a run hears how it ends; who waits for one that never began is cut off after that.
    await holdfast.close(GRACE_MS).finally(() => server.close());
    rmSync(socketOf(settings.value.data), { force: true });
  };
  const port = await listen(server, settings.value);
  if (!port.ok) {
    await close();
    return port;
  }
  const { source } = holdfast;
  const address = `http://${settings.value.listen.host}:${port.value}`;
  io.stderr(`holdfast follows ${source.url} (${source.branch}); ${address}\n`);
  holdfast.controller.start();
  settleHeapWhenQuiet();
  return ok({ close });
}
