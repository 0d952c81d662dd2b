/** The daemon: holdfast with its HTTP server, its metrics and its log. */
import { rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { DaemonSettings } from "../config/daemon.ts";
import type { EventListener } from "../engine/event.ts";
import { ok, type Result } from "../engine/failure.ts";
import { createMetrics } from "../report/metrics.ts";
import { createProgress } from "../report/progress.ts";
import { createHttpServer, type Health, type HoldfastServer, type ServerOptions } from "../server/server.ts";
import type { Args, Builder, Io } from "./command.ts";
import { settingsFor } from "./wire-settings.ts";
import { viewsOf } from "./views.ts";
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
};

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

async function health(holdfast: Holdfast): Promise<Health> {
  const { failure, head } = await holdfast.controller.overview();
  const { state, providers } = holdfast.pids();
  const checks = {
    source: failure ? failure.reason : head ? "ok" : "not fetched yet",
    stateService: state === undefined ? "down" : "ok",
    providerHost: providers === undefined ? "not started" : "ok",
  };
  return { ok: state !== undefined, checks };
}

const hosts = ({ publicUrl }: DaemonSettings): readonly string[] =>
  publicUrl === undefined ? [] : [new URL(publicUrl).hostname];

function serverOptions(
  holdfast: Holdfast,
  settings: DaemonSettings,
  metrics: () => Promise<string>,
  subscribe: ServerOptions["subscribe"],
): ServerOptions {
  const { hookSecretFile } = settings;
  return {
    control: holdfast.controller,
    subscribe,
    metrics,
    health: () => health(holdfast),
    hookSecret: async () =>
      hookSecretFile === undefined ? undefined : (await readFile(hookSecretFile, "utf8")).trim(),
    person: holdfast.person,
    tokenRequired: settings.apiTokenRequired,
    hosts: hosts(settings),
  };
}

async function listen(server: HoldfastServer, settings: DaemonSettings): Promise<number> {
  const socket = socketOf(settings.data);
  // We hold the folder's lock: a socket that is there is a dead daemon's.
  rmSync(socket, { force: true });
  await server.listenLocal(socket);
  return server.listen(settings.listen.host, settings.listen.port);
}

/** Opens everything and starts to work. */
export async function openDaemon(args: ServeArgs, io: Io): Promise<Result<Daemon>> {
  const settings = await settingsFor(args, io, { listen: args.listen }, args.settings);
  if (!settings.ok) return settings;
  const { emit, subscribe } = fanOut();
  subscribe(createProgress(line => io.stderr(line), { color: io.isTTY.stderr, verbose: args.verbose }));
  const onProgress = (text: string): void => io.stderr(`${text}\n`);
  const opened = await openHoldfast({
    settings: settings.value,
    env: io.env,
    cwd: io.cwd,
    what: "holdfast serve",
    automatic: true,
    listener: emit,
    onProgress,
  });
  if (!opened.ok) return opened;
  const holdfast = opened.value;
  const metrics = createMetrics({ views: async () => viewsOf(await holdfast.controller.overview()) });
  subscribe(metrics.listener);
  const server = createHttpServer(serverOptions(holdfast, settings.value, () => metrics.text(), subscribe));
  const port = await listen(server, settings.value);
  io.stderr(
    `holdfast follows ${holdfast.source.url} (${holdfast.source.branch}); http://${settings.value.listen.host}:${port}\n`,
  );
  holdfast.controller.start();
  const close = async (): Promise<void> => {
    await server.close();
    rmSync(socketOf(settings.value.data), { force: true });
    await holdfast.close(GRACE_MS);
  };
  return ok({ close });
}
