/** `holdfast doctor`: what is there of all that holdfast needs, and what to do about the rest. */
import { defineCommand, type Io } from "./command.ts";
import type { Finding } from "./doctor-finding.ts";
import { renderReport, type DoctorReport } from "./doctor-table.ts";

export const command = defineCommand({
  verb: "doctor",
  describe: "what is there of all that holdfast needs, and what to do about the rest",
  builder: {
    fix: { type: "boolean", describe: "get the Pulumi CLI where it is missing (may take minutes)" },
  },
  async run(args, io) {
    const { examine } = await import("./wire-doctor.ts");
    const report = await examine(args, io, progress(io));
    io.stdout(args.json ? `${JSON.stringify({ version: 1, ...report }, null, 2)}\n` : renderReport(report));
    return exitCode(report);
  },
});

/** 1 where something needed is missing. */
const exitCode = (report: DoctorReport): number => (report.checks.some(isMissing) ? 1 : 0);
const isMissing = (finding: Finding): boolean => finding.state === "missing";

/** Rewrites its line on a terminal; in a log nothing is said until the end. */
const progress =
  (io: Io) =>
  (text: string): void => {
    if (io.isTTY.stderr) io.stderr(`\r\x1b[2K${text}`);
  };
