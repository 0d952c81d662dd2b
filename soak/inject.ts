/** Faults of one round: chosen, done one after the other, several of them under way at a time. */
import { wait, type Fault, type Hold } from "./faults/fault.ts";
import type { Random } from "./random.ts";
import type { Scene } from "./scene.ts";
import type { Happened } from "./tally.ts";

export interface Injector {
  /** One fault; undefined where nobody was there to be hit. */
  one(round: number): Promise<void>;
  /** All that was taken away is back. */
  over(): Promise<void>;
  readonly all: readonly Happened[];
}

export interface InjectorOptions {
  readonly scene: Scene;
  readonly faults: readonly Fault[];
  readonly random: Random;
  /** Each kind as often as the others; default: by weight. */
  readonly evenly?: boolean;
  /** A violation that a fault found itself. */
  readonly found: (violation: string) => void;
}

interface Done extends Happened {
  endedAt?: number;
}

export function createInjector({ scene, faults, random, evenly, found }: InjectorOptions): Injector & {
  readonly all: readonly Done[];
} {
  const started = Date.now();
  const held = new Set<Hold>();
  const under = new Set<Promise<void>>();
  const all: Done[] = [];

  async function inject(fault: Fault, round: number): Promise<void> {
    fault.holds.forEach(hold => held.add(hold));
    const release = (): void => fault.holds.forEach(hold => held.delete(hold));
    const injected = await fault.inject(scene, random).catch((error: unknown) => {
      release();
      throw error;
    });
    if (!injected) return release();
    const at = (Date.now() - started) / 1000;
    const done: Done = { kind: fault.kind, what: injected.what, at, round };
    all.push(done);
    const over = injected.over
      .catch((error: unknown) =>
        found(`${fault.kind}: ${error instanceof Error ? error.message : String(error)}`),
      )
      .finally(() => {
        done.endedAt = Date.now();
        release();
        under.delete(over);
      });
    under.add(over);
  }

  return {
    all,
    async one(round) {
      const free = faults.filter(({ holds }) => !holds.some(hold => held.has(hold)));
      const times = ({ kind }: Fault): number => all.filter(one => one.kind === kind).length;
      const fewest = Math.min(...free.map(times));
      const fault = random.weighted(evenly ? free.filter(one => times(one) === fewest) : free);
      if (fault) await inject(fault, round);
      else await wait(50);
    },
    over: async () => void (await Promise.all(under)),
  };
}
