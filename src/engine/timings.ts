/** Where a run's time goes: the same world, with a clock around what takes time. */
import type { Clock } from "./ports/clock.ts";
import type { Observation, Pulumi } from "./ports/pulumi.ts";
import type { RunWorld } from "./run.ts";

export interface Timings {
  /** Milliseconds in each named part, summed over a run's rounds. */
  readonly spans: Readonly<Record<string, number>>;
  readonly world: RunWorld;
}

type Asynchronous<A extends readonly unknown[], R> = (...args: A) => Promise<R>;

/** An up with a preview of its own is two things. */
const tellingPreview =
  (pulumi: Pulumi, clock: Clock, tell: (ms: number) => void): Pulumi["up"] =>
  (context, worker, options) => {
    const { onSeen } = options;
    const started = clock.now();
    const seen = (saw: Observation): void => {
      tell(clock.now() - started);
      onSeen?.(saw);
    };
    return pulumi.up(context, worker, { ...options, ...(onSeen && { onSeen: seen }) });
  };

export function timedWorld(world: RunWorld): Timings {
  const spans: Record<string, number> = {};
  const add = (name: string, ms: number): void => void (spans[name] = (spans[name] ?? 0) + ms);
  /** An up that was started ahead of its plan does nothing until it is bound. */
  let bound = 0;
  const timed =
    <A extends readonly unknown[], R>(
      name: string,
      work: Asynchronous<A, R>,
      notBefore: () => number = () => 0,
    ): Asynchronous<A, R> =>
    async (...args) => {
      const started = world.clock.now();
      try {
        return await work(...args);
      } finally {
        const ms = world.clock.now() - Math.max(started, notBefore());
        if (ms >= 0) add(name, ms);
      }
    };
  const { pulumi, workers, installer, secrets, state, providers, care } = world;
  return {
    spans,
    world: {
      ...world,
      checkout: timed("checkout", sha => world.checkout(sha)),
      installer: {
        prepare: timed("install", (...args: Parameters<typeof installer.prepare>) =>
          installer.prepare(...args),
        ),
      },
      care: { ...care, beforeDestructive: timed("backup", what => care.beforeDestructive(what)) },
      secrets: { read: timed("decrypt", (root, files) => secrets.read(root, files)) },
      workers: {
        ...workers,
        take: timed("worker", (...args: Parameters<typeof workers.take>) => workers.take(...args)),
      },
      state: {
        ...state,
        bind: (runId, binding) => {
          bound = binding.kind === "awaited" ? Infinity : world.clock.now();
          return state.bind(runId, binding);
        },
        resources: timed("state", (stack, options) => state.resources(stack, options)),
        endRun: timed("settle", id => state.endRun(id)),
      },
      providers: {
        ...providers,
        open: timed("providers", run => providers.open(run)),
        unreachable: timed("reach", list => providers.unreachable(list)),
        probe: timed("probe", (...args: Parameters<typeof providers.probe>) => providers.probe(...args)),
      },
      pulumi: {
        ...pulumi,
        writeConfig: timed("config", request => pulumi.writeConfig(request)),
        preview: timed("preview", (...args: Parameters<typeof pulumi.preview>) => pulumi.preview(...args)),
        check: timed("check", (...args: Parameters<typeof pulumi.check>) => pulumi.check(...args)),
        refresh: timed("refresh", (...args: Parameters<typeof pulumi.refresh>) => pulumi.refresh(...args)),
        up: timed(
          "up",
          tellingPreview(pulumi, world.clock, ms => add("preview", ms)),
          () => bound,
        ),
      },
    },
  };
}
