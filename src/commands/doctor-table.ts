/** Doctor's report as text. */
import type { Finding } from "./doctor-finding.ts";

/** One way to the Pulumi CLI and what it said. */
export interface PulumiWay {
  readonly way: string;
  readonly outcome: "found" | "failed" | "not-tried";
  readonly said: string;
}

export interface DoctorReport {
  /** Nothing that is needed is missing. */
  readonly ok: boolean;
  readonly checks: readonly Finding[];
  /** Every way to the Pulumi CLI, in the order in which they are tried. */
  readonly pulumi: readonly PulumiWay[];
}

const marks = {
  ok: "ok",
  warning: "warn",
  missing: "MISSING",
  found: "ok",
  failed: "no",
  "not-tried": "-",
} as const;

/** Rows as columns, the last one as long as it is. */
function columns(rows: readonly (readonly string[])[], indent = ""): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map(row => row[column]?.length ?? 0))) ?? [];
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
      .join("  ");
  return rows.map(row => `${indent}${line(row)}\n`).join("");
}

export function renderReport({ ok, checks, pulumi }: DoctorReport): string {
  const table = columns(checks.map(check => [marks[check.state], check.name, check.found]));
  const ways = columns(
    pulumi.map(way => [marks[way.outcome], way.way, way.said]),
    "  ",
  );
  const todo = checks.flatMap(check => (check.wayOut ? [`  ${check.name}: ${check.wayOut}\n`] : []));
  const advice = todo.length > 0 ? `\nWhat to do:\n${todo.join("")}` : "";
  const end = ok ? "Everything that holdfast needs is there." : "Something that holdfast needs is missing.";
  return `${table}\nWays to the Pulumi CLI, in order:\n${ways}${advice}\n${end}\n`;
}
