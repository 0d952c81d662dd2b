/** A block of lines between two marks in a text. Pure. */

export interface Marks {
  readonly begin: string;
  readonly end: string;
}

export interface Block {
  /** Line numbers of the marks. */
  readonly from: number;
  readonly to: number;
}

/** Spaces and a carriage return at the end of a mark's line do not count. */
export const isLine = (line: string, wanted: string): boolean => line.replace(/[ \t\r\n]+$/, "") === wanted;

/** Lines with their ends; all but the last have one. */
export const linesIn = (text: string): readonly string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? [];

/** A text: why it is not clear where the block is. Undefined: there is none. */
export function findBlock(lines: readonly string[], { begin, end }: Marks): Block | string | undefined {
  const at = (mark: string): readonly number[] =>
    lines.flatMap((line, index) => (isLine(line, mark) ? [index] : []));
  const [begins, ends] = [at(begin), at(end)];
  const [from, to] = [begins[0], ends[0]];
  if (from === undefined && to === undefined) return undefined;
  if (from === undefined) return `the line "${begin}" is missing before "${end}"`;
  if (to === undefined) return `the line "${end}" is missing after "${begin}"`;
  if (begins.length > 1 || ends.length > 1)
    return `the lines "${begin}" and "${end}" are there more than once`;
  return from < to ? { from, to } : `the line "${end}" comes before "${begin}"`;
}

/** The lines that are a mark, and those between; what is left is as clear, or as unclear, as the whole. */
export function markedLines(lines: readonly string[], { begin, end }: Marks): readonly string[] {
  let inside = false;
  return lines.filter(line => {
    const [begins, ends] = [isLine(line, begin), isLine(line, end)];
    const kept = inside || begins || ends;
    if (begins) inside = true;
    if (ends) inside = false;
    return kept;
  });
}
