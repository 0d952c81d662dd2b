/** What the repository wants now: the accepted revision and the estate that it describes. */
import { configInvalid, fail, ok, type Failure, type Result } from "./failure.ts";
import type { EngineEvent } from "./event.ts";
import type { Clock } from "./ports/clock.ts";
import type { Records } from "./ports/records.ts";
import type { Checkout, Revision, Source } from "./ports/source.ts";
import type { Estate, EstateReader } from "./ports/stack.ts";
import { acceptable, rewriteDeployed } from "./rewrite.ts";
import { stillTrusted, trusted, trustedHead } from "./trust.ts";

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

const unknownCommit = (name: string): Result<never> =>
  fail(
    configInvalid([
      {
        message: `no commit is named ${name}`,
        hint: "name one of the watched branch by its id; the newest are known after a fetch",
      },
    ]),
  );

/** A stack that a flaw concerns has a run that says so; what has no stack's name is said here alone. */
function tell({ emit, clock }: HeadWorld, { estate, revision }: Wanted): void {
  emit({ type: "revision-seen", revision, at: clock.now() });
  for (const problem of estate.flaws.flatMap(flaw => flaw.problems))
    emit({ type: "flaw-seen", revision, problem, at: clock.now() });
}

export function createHead(world: HeadWorld): Head {
  let wanted: Wanted | undefined;
  let held: Checkout | undefined;
  let failure: Failure | undefined;

  const read = async (revision: Revision): Promise<Result<{ wanted: Wanted; checkout: Checkout }>> => {
    const checkout = await world.source.checkout(revision.sha);
    if (!checkout.ok) return checkout;
    const estate = await world.reader.read(checkout.value.root, checkout.value.leftOut);
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
    tell(world, wanted);
    return ok(wanted);
  };

  const note = (result: Result<Wanted>): Result<Wanted> => {
    failure = result.ok ? undefined : result.failure;
    if (failure) world.emit({ type: "source-failed", failure, at: world.clock.now() });
    return result;
  };

  /** Judged before it is checked out: nothing of a commit that is not trusted is even written to the disk. */
  const accept = async (head: Revision): Promise<Result<Wanted>> => {
    const accepted = await acceptable(world, head);
    if (!accepted.ok) return accepted;
    const signed = await trustedHead(world, accepted.value.sha);
    return signed.ok ? take(accepted.value) : signed;
  };

  /** After a failure: the newest that is known to be good. */
  const fallBack = async (): Promise<void> => {
    for (const revision of await stillTrusted(world, await world.records.setting(LAST_GOOD)))
      if ((await take(revision)).ok) return;
    held?.release();
    held = wanted = undefined;
  };

  /** Other keys may hold up a head that was taken before and is not deployed. */
  const drop = async (result: Result<Wanted>): Promise<Result<Wanted>> => {
    if (!result.ok && wanted && !(await trusted(world, wanted.revision.sha)).ok) await fallBack();
    return result;
  };

  return {
    current: () => wanted,
    failure: () => failure,
    async recall() {
      const known = await world.source.head();
      if (!known) return;
      if (!note(await accept(known)).ok) await fallBack();
    },
    async refresh(signal) {
      const fetched = await world.source.fetch(signal);
      return note(await drop(fetched.ok ? await accept(fetched.value) : fetched));
    },
    async estateAt(sha) {
      const revision = await world.source.resolve(sha);
      if (!revision) return unknownCommit(sha);
      const signed = await trusted(world, revision.sha);
      if (!signed.ok) return signed;
      const seen = await read(revision);
      if (!seen.ok) return seen;
      seen.value.checkout.release();
      return ok(seen.value.wanted);
    },
    deployed: sha => rewriteDeployed(world, sha),
    close: () => held?.release(),
  };
}
