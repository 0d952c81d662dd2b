/** Hosts that do not answer are asked less and less often. */

export interface SilenceLimits {
  /** Until a host that did not answer is asked again; doubles with each time. */
  readonly retryMs: number;
  readonly retryMostMs: number;
}

export interface Silence {
  /** Why the host is not asked now; undefined: it may be asked. */
  of(host: string): string | undefined;
  failed(host: string, why: string): void;
  answered(host: string): void;
}

interface Failure {
  readonly why: string;
  readonly times: number;
  /** On the monotonic clock. */
  readonly until: number;
}

export function createSilence(limits: SilenceLimits, now = (): number => performance.now()): Silence {
  const failures = new Map<string, Failure>();
  return {
    of(host) {
      const failure = failures.get(host);
      return failure && now() < failure.until ? failure.why : undefined;
    },
    failed(host, why) {
      const before = failures.get(host);
      // All who asked with the first one fail with it.
      if (before && now() < before.until) return;
      const times = (before?.times ?? 0) + 1;
      const wait = Math.min(limits.retryMs * 2 ** (times - 1), limits.retryMostMs);
      failures.set(host, { why, times, until: now() + wait });
    },
    answered: host => void failures.delete(host),
  };
}
