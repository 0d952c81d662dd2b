/**
 * Text of other people (authors, subjects, property values, logs) made fit for a terminal: it must not move the
 * cursor, change colours, or turn the direction of what stands around it.
 */
import { stripVTControlCharacters } from "node:util";

// Control characters, and those that reorder or hide text (bidi, zero width).
const UNSAFE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g;

/** Lines and tabs are kept, everything else that acts on a terminal is not. */
export const plainLines = (text: string): string =>
  stripVTControlCharacters(text.replaceAll("\r\n", "\n")).replace(UNSAFE, "").replaceAll("\t", "    ");

/** One line: line ends become spaces. */
export const plainLine = (text: string): string => plainLines(text).replace(/\s+/g, " ").trim();

const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;
const MARK = /\p{Mark}/u;

const widthOf = (character: string): number => (MARK.test(character) ? 0 : WIDE.test(character) ? 2 : 1);

/** Columns that a line takes on a terminal. */
export const columns = (text: string): number =>
  Array.from(text).reduce((sum, character) => sum + widthOf(character), 0);

/** At most `width` columns; what is cut is marked with "…", at the end of a word where one is near. */
export function cut(text: string, width: number): string {
  if (columns(text) <= width) return text;
  let used = 0;
  let kept = "";
  for (const character of text) {
    used += widthOf(character);
    if (used > width - 1) break;
    kept += character;
  }
  const space = kept.lastIndexOf(" ");
  return `${(space > kept.length * 0.7 ? kept.slice(0, space) : kept).trimEnd()}…`;
}

/** `text` cut or filled up with spaces to exactly `width` columns. */
export function fit(text: string, width: number): string {
  const short = cut(text, width);
  return short + " ".repeat(Math.max(0, width - columns(short)));
}
