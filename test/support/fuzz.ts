/**
 * How often fuzz tests try, and how a failure is played again: 500 inputs in an ordinary run; `npm run fuzz` takes 10,000
 * (or --runs N). A failure names its seed and path; `npm run fuzz -- --seed S [--path P]` plays it again.
 */
import fc from "fast-check";

const number = (name: string): number | undefined => {
  const text = process.env[name];
  return text === undefined || text === "" ? undefined : Number(text);
};

const ORDINARY = 500;
/** Milliseconds that one input may take in the code under test: what takes longer is a way to stop the daemon. */
export const MAX_MS = 5_000;

/** Of fast-check. `share`: part of the usual number, for inputs that are expensive. */
export function fuzzing<T>(share = 1): fc.Parameters<T> {
  const runs = number("HOLDFAST_FUZZ_RUNS") ?? ORDINARY;
  const seed = number("HOLDFAST_FUZZ_SEED");
  const path = process.env["HOLDFAST_FUZZ_PATH"];
  return {
    numRuns: Math.max(1, Math.round(runs * share)),
    ...(seed === undefined ? {} : { seed }),
    ...(path ? { path } : {}),
  };
}

/** Calls it, and fails where it takes longer than MAX_MS of this process's own time. */
export function bounded<T>(call: () => T): T {
  const before = process.cpuUsage();
  const answer = call();
  const { user, system } = process.cpuUsage(before);
  const ms = (user + system) / 1000;
  if (ms > MAX_MS) throw new Error(`took ${Math.round(ms)} ms of CPU time`);
  return answer;
}

const PIECES = [
  ...["a", "b", "a: ", ": ", ":", " ", "  ", "\n", "\n  ", "\n    ", "- ", "? ", ",", "[", "]", "{", "}"],
  ...[
    "&a ",
    "*a",
    "*b",
    "<<: ",
    "!!str ",
    "!!binary ",
    "!!js/function ",
    "!x ",
    "%YAML 1.1\n",
    "---\n",
    "...\n",
  ],
  ...['"', "'", "|\n", ">-\n", "#", " # ", "\t", "\r\n", "\\", "\u0000", "\u0085", "\u2028", "\ufeff", "😀"],
  ...[
    "0x1f",
    "1e400",
    "-0",
    ".inf",
    ".nan",
    "null",
    "~",
    "true",
    "yes",
    "2001-01-01",
    "99999999999999999999",
  ],
  ...["__proto__", "constructor", "toString", "hasOwnProperty", "length", "prototype"],
];

/** Text that looks like YAML with these words in it, more or less. */
export function yamlText(words: readonly string[]): fc.Arbitrary<string> {
  const word = fc.constantFrom(...words);
  const value = fc.oneof(
    word,
    fc.jsonValue().map(json => JSON.stringify(json)),
    fc.string(),
  );
  const line = fc
    .tuple(fc.constantFrom("", "  ", "    ", "- "), word, value)
    .map(([indent, key, text]) => `${indent}${key}: ${text}\n`);
  const piece = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...PIECES) },
    { weight: 2, arbitrary: word },
    { weight: 3, arbitrary: line },
    { weight: 1, arbitrary: fc.string({ unit: "binary" }) },
  );
  const pieces = fc.array(piece, { maxLength: 60 }).map(all => all.join(""));
  const nested = fc.nat(3000).map(depth => `${words[0] ?? "a"}: ${"[".repeat(depth)}`);
  return fc.oneof({ weight: 8, arbitrary: pieces }, { weight: 1, arbitrary: nested });
}

/** A value with these words as keys, on every level. */
export function objectWith(words: readonly string[]): fc.Arbitrary<unknown> {
  const { tree } = fc.letrec(tie => ({
    tree: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      fc.jsonValue(),
      fc.constantFrom(...words),
      fc.string(),
      fc.array(tie("tree"), { maxLength: 4 }),
      fc.dictionary(fc.constantFrom(...words, "__proto__"), tie("tree"), { maxKeys: 5 }),
    ),
  }));
  return tree;
}
