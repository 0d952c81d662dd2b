/** How many resources an apply touched, in short. */

type Counts = Readonly<Record<string, number>>;

/** Sums of the engine's operations by what they mean. A replacement's two halves are part of `replace`. */
export function tally(counts: Counts): { create: number; update: number; replace: number; delete: number } {
  const of = (...ops: readonly string[]): number => ops.reduce((sum, op) => sum + (counts[op] ?? 0), 0);
  return {
    create: of("create", "import"),
    update: of("update"),
    replace: counts["replace"] ?? of("create-replacement", "import-replacement"),
    delete: of("delete", "discard"),
  };
}

/** `+2 ~1 +/-1 -3`, or `-` where nothing was touched. */
export function countsText(counts: Counts | undefined): string {
  const { create, update, replace, delete: gone } = tally(counts ?? {});
  const parts = [
    create && `+${create}`,
    update && `~${update}`,
    replace && `+/-${replace}`,
    gone && `-${gone}`,
  ];
  return parts.filter(Boolean).join(" ") || "-";
}
