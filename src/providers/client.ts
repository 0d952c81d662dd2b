/** The controller's side of the provider host: orders survive the death of its process, and so do the ports. */
import { fail, ok, type Result } from "../engine/failure.ts";
import type { ProviderAccess, ProviderHost } from "../engine/ports/provider.ts";
import { createHostProcess, type HostProcess } from "./host-process.ts";
import type { Answers, Order, Report } from "./messages.ts";
import { createProbeClient } from "./probe/probe-client.ts";
import type { ProbeAnswer } from "./probe/request.ts";
import { PACKAGE, type PortRequest } from "./provider-host.ts";
import { createWatchClient, type WatchClient } from "./watch/watch-client.ts";

export interface ProviderHostClientOptions {
  /** Absolute folder that relative local roots are resolved against. */
  readonly base: string;
  /** The whole environment of the process: PATH and HOME, and SSH_AUTH_SOCK where an agent is used. */
  readonly env: Readonly<Record<string, string>>;
  /** Whether this run may change this URN now. Default: yes. An error means no. */
  readonly mayMutate?: (runId: string, urn: string) => Promise<boolean>;
  /** Told when the process died and is started again. */
  readonly onRestart?: (why: string) => void;
  readonly onStart?: (pid: number) => void;
  /** What the process wrote to stderr: only bugs do. */
  readonly onOutput?: (text: string) => void;
}

export interface ProviderHostClient extends ProviderHost {
  /** Of the process that lives now. */
  pid(): number | undefined;
  /** Closes all ports and ends the process. */
  stop(): Promise<void>;
}

type Call = Extract<Order, { readonly id: number }>;

type OnPart = (value: ProbeAnswer) => void;

interface Waiting {
  /** Sent again to the next process where this one dies. */
  readonly order: Call;
  readonly resolve: (value: Answers[keyof Answers]) => void;
  readonly reject: (error: Error) => void;
  /** Where the answer comes bit by bit; a bit may come again from the next process. */
  readonly onPart?: OnPart;
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

interface Desk {
  readonly process: HostProcess;
  readonly ports: Map<string, PortRequest & { readonly port: number }>;
  call<K extends keyof Answers>(
    order: (id: number) => Extract<Call, { readonly order: K }>,
    onPart?: OnPart,
  ): Promise<Answers[K]>;
  readonly watching: WatchClient;
}

type MayQuestion = Extract<Report, { readonly report: "may" }>;

async function answerTo({ question, runId, urn }: MayQuestion, options: ProviderHostClientOptions) {
  const mayMutate = options.mayMutate ?? (async () => true);
  // Whoever cannot be asked has not said yes.
  const allowed = await mayMutate(runId, urn).catch(() => false);
  return { order: "may", question, allowed } as const;
}

/** Orders that wait for their answers, over one process at a time. */
function createDesk(options: ProviderHostClientOptions): Desk {
  const waiting = new Map<number, Waiting>();
  const ports: Desk["ports"] = new Map();
  const watching = createWatchClient(() => host);
  let next = 0;
  let ready = false;

  /** A new process: opens the same ports again, then gets what was not answered. */
  function resume(): void {
    ready = true;
    for (const request of ports.values()) host.send({ order: "open", id: ++next, request });
    watching.resume();
    for (const { order } of waiting.values()) host.send(order);
  }

  function settle(id: number, act: (order: Waiting) => void): void {
    const order = waiting.get(id);
    waiting.delete(id);
    if (order) act(order);
  }

  function hear(report: Report): void {
    switch (report.report) {
      case "ready":
        return resume();
      case "may":
        return void answerTo(report, options).then(answer => host.send(answer));
      case "parts": {
        const onPart = waiting.get(report.id)?.onPart;
        return report.values.forEach(value => onPart?.(value));
      }
      case "changed":
      case "deaf":
        return watching.hear(report);
      case "done":
        host.wasUseful();
        return settle(report.id, order => order.resolve(report.value));
      case "failed":
        return settle(report.id, order => order.reject(new Error(report.message)));
    }
  }

  function giveUp(why: string): void {
    for (const id of [...waiting.keys()])
      settle(id, order => order.reject(new Error(`it keeps dying: ${why}`)));
  }

  const host = createHostProcess({
    ...options,
    configure: { order: "configure", base: options.base, guarded: options.mayMutate !== undefined },
    onReport: hear,
    onGivenUp: giveUp,
    onRestart: why => {
      ready = false;
      options.onRestart?.(why);
    },
  });

  return {
    process: host,
    ports,
    watching,
    call<K extends keyof Answers>(
      order: (id: number) => Extract<Call, { readonly order: K }>,
      onPart?: OnPart,
    ) {
      const { promise, resolve, reject } = Promise.withResolvers<Answers[K]>();
      const id = ++next;
      // The answer to an order is of the order's kind; the type system cannot follow it through the map.
      const settled = resolve as Waiting["resolve"];
      waiting.set(id, { order: order(id), resolve: settled, reject, ...(onPart && { onPart }) });
      if (ready) host.send(order(id));
      host.ensure();
      return promise;
    },
  };
}

export function createProviderHostClient(options: ProviderHostClientOptions): ProviderHostClient {
  const desk = createDesk(options);
  const prober = createProbeClient(
    (stacks, part) => desk.call<"probe">(id => ({ order: "probe", id, stacks }), part),
    type => type.startsWith(`${PACKAGE}:`),
  );
  return {
    probe: (targets, report) => prober.probe(targets, report),
    watch: (stacks, heard) => desk.watching.watch(stacks, heard),
    pid: () => desk.process.pid(),
    async open({ runId, stack }): Promise<Result<ProviderAccess>> {
      try {
        const request = { runId, stack };
        const port = await desk.call<"open">(id => ({ order: "open", id, request }));
        desk.ports.set(runId, { ...request, port });
        return ok({ attach: `${PACKAGE}:${port}` });
      } catch (error) {
        return fail({ kind: "transient", reason: "process-died", what: "provider host", how: textOf(error) });
      }
    },
    async close(runId) {
      if (!desk.ports.delete(runId)) return [];
      return desk.call<"close">(id => ({ order: "close", id, runId }));
    },
    unreachable: async resources =>
      resources.length === 0 ? [] : desk.call<"unreachable">(id => ({ order: "unreachable", id, resources })),
    stop: () => desk.process.stop(),
  };
}
