/**
 * How many journals are generated, and from which seed. `HOLDFAST_JOURNALS=5000` is the long run;
 * `HOLDFAST_JOURNAL_SEED=N` repeats one that failed (its message says the seed).
 */
const whole = (name: string): number | undefined => {
  const text = process.env[name];
  if (text === undefined || text === "") return undefined;
  const number = Number(text);
  if (!Number.isInteger(number)) throw new Error(`${name} must be a whole number, not ${text}`);
  return number;
};

/** Enough to find a wrong line of the replay in nearly every run (tried with wrong lines). */
const ORDINARY = 300;

export const runs = whole("HOLDFAST_JOURNALS") ?? ORDINARY;
const seed = whole("HOLDFAST_JOURNAL_SEED");
export const seeded = { numRuns: runs, ...(seed !== undefined && { seed }) };
