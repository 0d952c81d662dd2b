/** "Did you mean": the known word that a mistyped one was most likely to be. */

/** Edit distance (insert, delete, change, each costs one). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** Longer words than these are not typing slips, and comparing them costs the square of their length. */
const LONGEST = 200;

/** The closest of `known`, if no more than a third of it is wrong. Upper and lower case count as the same. */
export function closestWord(word: string, known: readonly string[]): string | undefined {
  if (word.length > LONGEST) return undefined;
  const scored = known
    .filter(candidate => candidate.length <= LONGEST)
    .map(candidate => ({ candidate, off: distance(word.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ candidate, off }) => off <= Math.max(1, Math.floor(candidate.length / 3)));
  return scored.sort((a, b) => a.off - b.off)[0]?.candidate;
}

/** `did you mean "x"?`, or undefined. */
export function didYouMean(word: string, known: readonly string[]): string | undefined {
  const closest = closestWord(word, known);
  return closest === undefined ? undefined : `did you mean "${closest}"?`;
}
