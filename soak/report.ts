/** What is left of a soak for people: a page's table, or all that there is to know of a violation. */
import os from "node:os";
import type { Soaked } from "./soak.ts";
import { markdownTable, type Row } from "./tally.ts";

export interface Facts {
  readonly seed: number;
  readonly stacks: number;
  /** Milliseconds. */
  readonly took: number;
  readonly rounds: number;
  /** Lives of the daemon. */
  readonly starts: number;
  readonly rows: readonly Row[];
}

const MINUTE = 60_000;

const inOneLine = ({ seed, stacks, took, rounds, starts }: Facts): string =>
  `${(took / MINUTE).toFixed(1)} minutes, ${stacks} stacks, ${rounds} rounds, ${starts} starts of the daemon, seed ${seed}; ` +
  `${os.availableParallelism()} × ${os.cpus()[0]?.model ?? "?"}, Node ${process.version}, load ${os.loadavg()[0]?.toFixed(1)} at the end`;

const markdown = (facts: Facts): string => `${inOneLine(facts)}\n\n${markdownTable(facts.rows)}\n`;

const [BEGIN, END] = ["<!-- figures of a soak -->", "<!-- end of the figures -->"];

/** The figures as a page, or in their place in a page that has one. */
export function withFigures(page: string | undefined, facts: Facts): string {
  const [from, to] = [page?.indexOf(BEGIN) ?? -1, page?.indexOf(END) ?? -1];
  if (page === undefined || from < 0 || to < from) return markdown(facts);
  return `${page.slice(0, from + BEGIN.length)}\n\n${markdown(facts)}\n${page.slice(to)}`;
}

export function violationReport(facts: Facts, { violations, happened }: Soaked, log: string): string {
  const list = happened.map(
    ({ at, round, kind, what, recovery }) =>
      `${at.toFixed(2)} s, round ${round}: ${kind} (${what})${recovery === undefined ? "" : `, well ${(recovery / 1000).toFixed(1)} s later`}`,
  );
  return [
    inOneLine(facts),
    `\nVIOLATIONS\n${violations.join("\n")}`,
    `\nFAULTS\n${list.join("\n")}`,
    `\nLOG OF THE DAEMON\n${log}\n`,
  ].join("\n");
}
