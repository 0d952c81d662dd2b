/** What `holdfast secrets` says. */
import path from "node:path";
import type { Io } from "./command.ts";

/** As src/secrets/check.ts answers. */
export interface CheckedFile {
  readonly file: string;
  readonly ok: boolean;
  readonly level: "full" | "structure";
  readonly recipients: readonly string[];
  readonly why?: string;
  readonly hint?: string;
}

export interface Report {
  readonly files: readonly CheckedFile[];
  readonly keyLookedFor: readonly string[];
}

export const shown = (io: Io, file: string): string => path.relative(io.cwd, file) || file;

export interface Problem {
  readonly file: string;
  readonly why: string;
  readonly hint?: string;
}

/** FILE in a hint is the file itself. */
const text = (io: Io, { file, why, hint }: Problem): string =>
  `${shown(io, file)}: ${why}\n${hint === undefined ? "" : `  → ${hint.replaceAll("FILE", shown(io, file))}\n`}`;

export function sayProblem(io: Io, json: boolean, problem: Problem): number {
  if (json)
    io.stdout(
      `${JSON.stringify({ version: 1, ok: false, ...problem, file: shown(io, problem.file) }, null, 2)}\n`,
    );
  else io.stderr(`holdfast: ${text(io, problem)}`);
  return 1;
}

export function sayDone(
  io: Io,
  json: boolean,
  document: Readonly<Record<string, unknown>>,
  line: string,
): number {
  io.stdout(json ? `${JSON.stringify({ version: 1, ok: true, ...document }, null, 2)}\n` : `${line}\n`);
  return 0;
}

function line(io: Io, file: CheckedFile): string {
  if (!file.ok) return text(io, { why: "", ...file });
  const what = file.level === "full" ? "ok" : "structure ok, not opened";
  const count = file.recipients.length;
  return `${shown(io, file.file)}: ${what} (${count} ${count === 1 ? "recipient" : "recipients"})\n`;
}

export function sayCheck(io: Io, json: boolean, report: Report): number {
  const ok = report.files.every(file => file.ok);
  const files = report.files.map(file => ({ ...file, file: shown(io, file.file) }));
  const level = report.keyLookedFor.length > 0 ? "structure" : "full";
  if (json)
    io.stdout(
      `${JSON.stringify({ version: 1, ok, level, keyLookedFor: report.keyLookedFor, files }, null, 2)}\n`,
    );
  else {
    io.stdout(report.files.map(file => line(io, file)).join(""));
    if (report.files.length === 0) io.stdout("there are no secrets files\n");
    if (level === "structure")
      io.stderr(
        `holdfast: only the structure was checked: no age key was found (looked in ${report.keyLookedFor.join(", ")})\n`,
      );
  }
  return ok ? 0 : 1;
}
