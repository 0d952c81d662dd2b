/** A marked block put into a text, and taken out again. Pure; texts are bytes as latin1, so that nothing is lost. */
import { findBlock, isLine, linesIn, type Marks } from "../../connection/marked.ts";

export type Position =
  { readonly at: "start" | "end" } | { readonly before: string } | { readonly after: string };

export interface BlockText {
  readonly marks: Marks;
  /** Ends with a line break, or is empty. */
  readonly content: string;
  readonly position: Position;
}

export type Edited =
  { readonly ok: true; readonly text: string } | { readonly ok: false; readonly why: string };

const edited = (lines: readonly string[]): Edited => ({ ok: true, text: lines.join("") });

/** Undefined: the line that it is to be put beside is not there. */
function placeFor(lines: readonly string[], position: Position): number | undefined {
  if ("at" in position) return position.at === "start" ? 0 : lines.length;
  const wanted = "before" in position ? position.before : position.after;
  const index = lines.findIndex(line => isLine(line, wanted.trimEnd()));
  if (index < 0) return undefined;
  return "before" in position ? index : index + 1;
}

/** A last line without its end gets one, or the block's first mark would be a part of it. */
const ended = (lines: readonly string[]): readonly string[] =>
  lines.map((line, index) => (index === lines.length - 1 && !line.endsWith("\n") ? `${line}\n` : line));

function insert(lines: readonly string[], block: readonly string[], position: Position): Edited {
  const index = placeFor(lines, position);
  const wanted = "before" in position ? position.before : "after" in position ? position.after : "";
  if (index === undefined) return { ok: false, why: `there is no line "${wanted}"` };
  return edited([...ended(lines.slice(0, index)), ...block, ...lines.slice(index)]);
}

/** `moved`: one that is there is taken out and put where `position` says. */
export function putBlock(text: string, { marks, content, position }: BlockText, moved: boolean): Edited {
  const lines = linesIn(text);
  const found = findBlock(lines, marks);
  if (typeof found === "string") return { ok: false, why: found };
  const block = [`${marks.begin}\n`, ...linesIn(content), `${marks.end}\n`];
  if (!found) return insert(lines, block, position);
  const [before, after] = [lines.slice(0, found.from), lines.slice(found.to + 1)];
  if (moved) return insert([...before, ...after], block, position);
  return edited([...before, ...block, ...after]);
}

/** What is not there is not taken out. */
export function takeBlock(text: string, marks: Marks): Edited {
  const lines = linesIn(text);
  const found = findBlock(lines, marks);
  if (typeof found === "string") return { ok: false, why: found };
  if (!found) return { ok: true, text };
  return edited([...lines.slice(0, found.from), ...lines.slice(found.to + 1)]);
}
