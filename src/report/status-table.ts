/** `holdfast status`: one line a stack, and one below it for why it is not in sync; 80 columns. */
import { holderText } from "../engine/ports/lease-text.ts";
import type { StackState } from "../engine/ports/records.ts";
import type { Lease } from "../engine/ports/state.ts";
import { ago, formatAge } from "./age.ts";
import { colors, type Colors } from "./colors.ts";
import { shortSha } from "./commit.ts";
import { columns, cut, fit, plainLine } from "./plain-text.ts";
import type { StackView } from "./stack-view.ts";

export interface TableOptions {
  readonly now: number;
  /** Default false. */
  readonly color?: boolean;
}

const WIDTH = 80;
const STATE = 8;
const COMMIT = 8;
const CHECKED = 8;
const GAP = "  ";
/** What is left for stack and author, who share it. */
const SHARED = WIDTH - STATE - COMMIT - CHECKED - 4 * GAP.length;
const MAX_AUTHOR = 16;

const paint = (state: StackState, { added, removed, changed, faint }: Colors): ((text: string) => string) => {
  switch (state) {
    case "in-sync":
      return added;
    case "failed":
      return removed;
    case "pending":
      return faint;
    case "drifted":
    case "held":
    case "orphaned":
    case "unknown":
      return changed;
  }
};

function widths(views: readonly StackView[]): { stack: number; author: number } {
  const longest = (texts: readonly string[], least: number): number => Math.max(least, ...texts.map(columns));
  const authors = views.map(({ status }) => plainLine(status?.deployed?.author ?? ""));
  const author = Math.min(longest(authors, "AUTHOR".length), MAX_AUTHOR);
  const stacks = views.map(({ stack }) => stack);
  return { author, stack: Math.min(longest(stacks, "STACK".length), SHARED - author) };
}

/** A reason is cut at the table's width; the run has all of it, and is what `approve` asks for. */
function runToRead(state: StackState, status: StackView["status"]): readonly string[] {
  const run = state === "held" || state === "failed" ? status?.lastRun : undefined;
  return run === undefined ? [] : [`More: holdfast show ${run}`];
}

/** Who is at it, and where: what a person must know who wants to find the process. */
function atWork({ stack, kind, who, run, holder, since }: Lease, now: number): readonly string[] {
  const by = run === undefined ? `${who}, by hand` : `run ${run}`;
  const first = plainLine(`Being changed (${kind}) by ${by}, for ${formatAge(since, now)}`);
  const on = holder ? holderText(holder) : "an unknown machine";
  return [first, plainLine(`On ${on}. More: holdfast unlock ${stack}`)];
}

/** The table, without a line end at its end. */
export function statusTable(views: readonly StackView[], options: TableOptions): string {
  if (views.length === 0) return "No stacks.";
  const color = colors(options.color);
  const width = widths(views);
  const line = (stack: string, state: string, commit: string, author: string, checked: string): string =>
    [stack, state, commit, author, checked].join(GAP).trimEnd();
  const head = line(
    fit("STACK", width.stack),
    fit("STATE", STATE),
    fit("DEPLOYED", COMMIT),
    fit("AUTHOR", width.author),
    "CHECKED",
  );
  const rows = views.flatMap(({ stack, state, why, status, lease }) => {
    const row = line(
      fit(stack, width.stack),
      paint(state, color)(fit(state, STATE)),
      fit(status?.deployed ? shortSha(status.deployed.sha) : "-", COMMIT),
      fit(plainLine(status?.deployed?.author ?? "-"), width.author),
      fit(ago(status?.checkedAt, options.now), CHECKED),
    );
    const reason = why ? [plainLine(why), ...runToRead(state, status)] : [];
    const below = [...reason, ...(lease ? atWork(lease, options.now) : [])];
    return [row, ...below.map(text => color.faint(cut(`    ${text}`, WIDTH)))];
  });
  return [color.strong(head), ...rows].join("\n");
}

/** `12 stacks: 10 in-sync, 1 drifted, 1 held` */
export function statusSummary(views: readonly StackView[]): string {
  const counts = Map.groupBy(views, ({ state }) => state);
  const parts = [...counts].map(([state, some]) => `${some.length} ${state}`);
  return `${views.length} ${views.length === 1 ? "stack" : "stacks"}${parts.length > 0 ? `: ${parts.join(", ")}` : ""}`;
}
