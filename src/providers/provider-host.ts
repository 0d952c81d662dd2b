/** The provider host, in this process: one port for each run over one pool of connections. */
import type { UnknownResource } from "../engine/ports/plan.ts";
import type { Heard } from "../engine/ports/probe.ts";
import type { StateResource } from "../engine/ports/state.ts";
import { createConnectionPool } from "./connection/pool.ts";
import { openPort, type ProviderPort } from "./grpc/server.ts";
import { createProber, type LocalProber } from "./probe/prober.ts";
import { resources } from "./table.ts";
import { findUnreachable } from "./unreachable.ts";
import { createListeners } from "./watch/listeners.ts";

/** The package that every resource type here belongs to; the name that the engine attaches by. */
export const PACKAGE = "holdfast";
export const VERSION = "0.1.0";

export interface ProviderHostOptions {
  /** Absolute folder that relative local roots are resolved against. */
  readonly base: string;
  /** Asked before each mutating call. Default: allows. */
  readonly mayMutate?: (runId: string, urn: string) => Promise<boolean>;
  /** Told what watched hosts tell. Default: nobody is. */
  readonly heard?: Heard;
  /** Told of exceptions that are caught because others must go on. Default: they are thrown. */
  readonly onBug?: (error: unknown) => void;
}

export interface PortRequest {
  readonly runId: string;
  /** `<project>/<stack>`; undefined accepts every stack. */
  readonly stack?: string;
  /** To come back on the same port after a crash; default a free one. */
  readonly port?: number;
}

export interface LocalProviderHost extends Pick<LocalProber, "probe"> {
  /** Answers the port. Rejects where the wanted one is taken. */
  open(request: PortRequest): Promise<number>;
  /** Answers what nothing was done about because its target did not answer. */
  close(runId: string): Promise<readonly UnknownResource[]>;
  unreachable(resources: readonly StateResource[]): Promise<readonly UnknownResource[]>;
  /** The hosts of these stacks are listened to, as far as looks at them show what for. */
  watch(stacks: readonly string[]): void;
  closeAll(): Promise<void>;
}

function rethrow(error: unknown): never {
  throw error;
}

const NOBODY: Heard = { changed: () => undefined, deaf: () => undefined };

export function createProviderHost(options: ProviderHostOptions): LocalProviderHost {
  const connections = createConnectionPool(options.base);
  const ports = new Map<string, ProviderPort>();
  const stopping = new AbortController();
  const mayMutate = options.mayMutate ?? (async () => true);
  const { signal } = stopping;
  const { base, heard = NOBODY, onBug = rethrow } = options;
  const prober = createProber({
    resources,
    connections,
    signal,
    onBug,
    onLooked: (stack, parts) => listeners.looked(stack, parts),
  });
  const listeners = createListeners({
    heard,
    cwd: base,
    describe: connection => connections.machine(connection),
    // Its kept shells may be dead, and it may be taken for dead.
    onReady: async ({ connection }) => void (await connections.machine(connection).ping(signal)),
    onTold: key => prober.answered(key),
  });
  const close = async (runId: string): Promise<readonly UnknownResource[]> => {
    const port = ports.get(runId);
    ports.delete(runId);
    return (await port?.close()) ?? [];
  };
  return {
    async open({ runId, stack, port: wanted }) {
      await close(runId);
      const scope = { runId, mayMutate, ...(stack === undefined ? {} : { stack }) };
      const port = await openPort({ resources, connections, scope, version: VERSION }, wanted ?? 0);
      ports.set(runId, port);
      return port.port;
    },
    close,
    unreachable: list => findUnreachable(list, type => resources.has(type), connections, signal),
    probe: (requests, answer) => prober.probe(requests, answer),
    watch: stacks => listeners.want(stacks),
    async closeAll() {
      stopping.abort();
      const silent = listeners.close();
      await Promise.all([...ports.keys()].map(close));
      await connections.close();
      await silent;
    },
  };
}
