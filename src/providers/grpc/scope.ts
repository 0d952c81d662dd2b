/** What one port may do: which stack's URNs it accepts, and what ends its calls. */

export interface Scope {
  readonly runId: string;
  /** `<project>/<stack>`; undefined accepts every stack (the plugin of the plain CLI). */
  readonly stack?: string;
  /** Asked before each mutating call. */
  readonly mayMutate: (runId: string, urn: string) => Promise<boolean>;
}

/** Why this URN is refused here; undefined: it is not. */
export function refusalOf(scope: Scope, urn: string): string | undefined {
  const match = /^urn:pulumi:([^:]+)::([^:]+)::/.exec(urn);
  if (!match) return `not a URN: ${JSON.stringify(urn)}`;
  const stack = `${match[2]}/${match[1]}`;
  if (scope.stack === undefined || scope.stack === stack) return undefined;
  return `this provider port belongs to a run of ${scope.stack}; ${urn} is not of that stack`;
}

export interface Calls {
  /** Runs a call with a signal that the next cancel fires. */
  run<T>(call: (signal: AbortSignal) => Promise<T>): Promise<T>;
  /** Aborts the calls in flight; later ones are not concerned: the engine cancels at the end of every operation. */
  cancel(): void;
  /** Resolves when no call is in flight. */
  idle(): Promise<void>;
}

export function createCalls(): Calls {
  let controller = new AbortController();
  const inFlight = new Set<Promise<unknown>>();
  return {
    run(call) {
      const running = call(controller.signal);
      inFlight.add(running);
      const forget = (): boolean => inFlight.delete(running);
      running.then(forget, forget);
      return running;
    },
    cancel() {
      controller.abort();
      controller = new AbortController();
    },
    idle: async () => {
      await Promise.allSettled(inFlight);
    },
  };
}
