/** The figures as a table for people, and as JSON. Pure. */
import type { Budget, Figure } from "./figure.ts";

const HEAD = ["", "holdfast", "the other way", "ratio", "budget"];

const DIGITS: Record<Figure["unit"], number> = {
  s: 2,
  ms: 0,
  MB: 0,
  "MB, as stored": 1,
  "% of a core": 2,
};

const amount = (value: number, unit: Figure["unit"]): string => `${value.toFixed(DIGITS[unit])} ${unit}`;

const ratioOf = ({ holdfast, plain }: Figure): number | undefined =>
  typeof plain === "number" ? plain / holdfast : undefined;

function missed(figure: Figure, { under, times }: Budget): boolean {
  const slow = under !== undefined && figure.holdfast >= under;
  const ratio = ratioOf(figure);
  return slow || (times !== undefined && ratio !== undefined && ratio < times);
}

function budgetText(figure: Figure): string {
  const { budget, unit } = figure;
  if (!budget) return "";
  const { under, times } = budget;
  const parts = [
    ...(under === undefined ? [] : [`under ${under} ${unit}`]),
    ...(times === undefined ? [] : [`${times} times`]),
  ];
  return `${parts.join(", ")}${missed(figure, budget) ? ": MISSED" : ""}`;
}

function cells(figure: Figure): readonly string[] {
  const { what, unit, holdfast, plain } = figure;
  const ratio = ratioOf(figure);
  return [
    what,
    amount(holdfast, unit),
    typeof plain === "number" ? amount(plain, unit) : (plain ?? ""),
    ratio === undefined ? "" : `${ratio.toFixed(1)}x`,
    budgetText(figure),
  ];
}

export function textTable(figures: readonly Figure[]): string {
  const table = [HEAD, ...figures.map(cells)];
  const widths = HEAD.map((_, column) => Math.max(...table.map(row => row[column]?.length ?? 0)));
  const padded = (cell: string, column: number): string =>
    column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0);
  return table.map(row => row.map(padded).join("  ").trimEnd()).join("\n");
}

export function jsonTable(about: Readonly<Record<string, unknown>>, figures: readonly Figure[]): string {
  const rows = figures.map(figure => ({
    ...figure,
    ...(figure.budget && { missed: missed(figure, figure.budget) }),
  }));
  return JSON.stringify({ version: 1, ...about, figures: rows }, undefined, 2);
}
