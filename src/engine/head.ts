/** What the repository wants now: the accepted revision and the estate that it describes. */
import { fail, ok, type Failure, type Result } from "./failure.ts";
import type { EngineEvent } from "./event.ts";
import type { Clock } from "./ports/clock.ts";
import type { Records } from "./ports/records.ts";
import type { Checkout, Revision, Source } from "./ports/source.ts";
import type { Estate, EstateReader } from "./ports/stack.ts";
import { acceptable, rewriteDeployed } from "./rewrite.ts";

export interface Wanted {
  readonly revision: Revision;
  readonly estate: Estate;
}

export interface Head {
  current(): Wanted | undefined;
  /** Why the newest look at the repository led to nothing; undefined after a good one. */
  failure(): Failure | undefined;
  /** What the mirror holds, without a fetch: after a restart. */
  recall(): Promise<void>;
  refresh(signal: AbortSignal): Promise<Result<Wanted>>;
  /** A stack was deployed at this revision. */
  deployed(sha: string): Promise<void>;
  /** The estate of any known revision. */
  estateAt(sha: string): Promise<Result<Wanted>>;
  close(): void;
}

export interface HeadWorld {
  readonly source: Source;
  readonly reader: EstateReader;
  readonly records: Records;
  readonly clock: Clock;
  readonly emit: (event: EngineEvent) => void;
}

/** The key under which the newest revision is kept whose estate could be read: where the head is broken, it still counts. */
const LAST_GOOD = "head.good";

export function createHead(world: HeadWorld): Head {
  let wanted: Wanted | undefined;
  let held: Checkout | undefined;
  let failure: Failure | undefined;

  const read = async (revision: Revision): Promise<Result<{ wanted: Wanted; checkout: Checkout }>> => {
    const checkout = await world.source.checkout(revision.sha);
    if (!checkout.ok) return checkout;
    const estate = await world.reader.read(checkout.value.root);
    if (estate.ok) return ok({ wanted: { revision, estate: estate.value }, checkout: checkout.value });
    checkout.value.release();
    return estate;
  };

  /** Keeps the head's checkout, so that it is there when the first run asks for it. */
  const take = async (revision: Revision): Promise<Result<Wanted>> => {
    if (wanted?.revision.sha === revision.sha) return ok(wanted);
    const seen = await read(revision);
    if (!seen.ok) return seen;
    held?.release();
    held = seen.value.checkout;
    wanted = seen.value.wanted;
    await world.records.setSetting(LAST_GOOD, revision.sha);
    world.emit({ type: "revision-seen", revision, at: world.clock.now() });
    return ok(wanted);
  };

  const note = (result: Result<Wanted>): Result<Wanted> => {
    failure = result.ok ? undefined : result.failure;
    if (failure) world.emit({ type: "source-failed", failure, at: world.clock.now() });
    return result;
  };

  return {
    current: () => wanted,
    failure: () => failure,
    async recall() {
      const known = await world.source.head();
      if (!known) return;
      const accepted = await acceptable(world, known);
      const taken = note(accepted.ok ? await take(accepted.value) : accepted);
      const good = taken.ok ? undefined : await world.records.setting(LAST_GOOD);
      const last = good === undefined ? undefined : await world.source.resolve(good);
      if (last) await take(last);
    },
    async refresh(signal) {
      const fetched = await world.source.fetch(signal);
      if (!fetched.ok) return note(fetched);
      const accepted = await acceptable(world, fetched.value);
      return note(accepted.ok ? await take(accepted.value) : accepted);
    },
    async estateAt(sha) {
      const revision = await world.source.resolve(sha);
      if (!revision)
        return fail({
          kind: "stalled",
          reason: "config-invalid",
          problems: [
            {
              message: `no commit is named ${sha}`,
              hint: "name one of the watched branch by its id; the newest are known after a fetch",
            },
          ],
        });
      const seen = await read(revision);
      if (!seen.ok) return seen;
      seen.value.checkout.release();
      return ok(seen.value.wanted);
    },
    deployed: sha => rewriteDeployed(world, sha),
    close: () => held?.release(),
  };
}
