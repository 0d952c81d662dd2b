/**
 * Regular expressions of SOPS files and `.sops.yaml`: Go's RE2 there, JavaScript's here. Only what both read alike
 * is accepted, and nothing that can take JavaScript's backtracking long: the files come from a repository.
 */
import { fault, good, type Outcome } from "./outcome.ts";

/** Longer ones are not written by people. */
const MAX_LENGTH = 512;
/** Longer keys and paths are refused before they get here. */
export const MAX_MATCHED = 256;
/** Three open-ended repetitions in a row, with some choices: what a match may cost JavaScript at the worst. */
const MAX_COST = MAX_MATCHED ** 3 * 64;

interface Part {
  readonly source: string;
  /** Ways that a backtracking match can take through it. */
  readonly cost: number;
}

const CLASSES: Record<string, string> = {
  d: "0-9",
  w: "0-9A-Za-z_",
  // JavaScript's \s knows more kinds of space than Go's.
  s: "\\t\\n\\f\\r ",
};
const CONTROLS: Record<string, string> = { t: "\\t", n: "\\n", r: "\\r", f: "\\f", v: "\\v" };
const QUANTIFIER = /^([*+?]|\{\d{1,3}(,\d{0,3})?\})\??/;

const literal = (char: string): string => (/[\\^$.*+?()[\]{}|/-]/.test(char) ? `\\${char}` : char);
const part = (source: string): Part => ({ source, cost: 1 });

class Unsupported extends Error {}

interface Cursor {
  peek(): string;
  take(): string;
  /** Takes the text where it comes next. */
  skip(text: string): boolean;
  match(pattern: RegExp): string | undefined;
}

function cursorOf(text: string): Cursor {
  let at = 0;
  const skip = (wanted: string): boolean => {
    const found = text.startsWith(wanted, at);
    if (found) at += wanted.length;
    return found;
  };
  return {
    peek: () => text[at] ?? "",
    take: () => text[at++] ?? "",
    skip,
    match(pattern) {
      const found = pattern.exec(text.slice(at))?.[0];
      at += found?.length ?? 0;
      return found;
    },
  };
}

function escape(cursor: Cursor, insideClass: boolean): string {
  const char = cursor.take();
  if (CONTROLS[char] !== undefined) return CONTROLS[char];
  const members = CLASSES[char];
  if (members !== undefined) return insideClass ? members : `[${members}]`;
  const negated = CLASSES[char.toLowerCase()];
  if (negated !== undefined && !insideClass) return `[^${negated}]`;
  if (char === "b" && !insideClass) return "\\b";
  if (char === "" || /[A-Za-z0-9]/.test(char) || char > "~") throw new Unsupported(`\\${char}`);
  return literal(char);
}

function characterClass(cursor: Cursor): Part {
  let source = cursor.skip("^") ? "[^" : "[";
  for (let first = true; first || cursor.peek() !== "]"; first = false) {
    const char = cursor.take();
    if (char === "") throw new Unsupported("a [ without its ]");
    if (char === "[") throw new Unsupported("[ inside a class");
    source += char === "\\" ? escape(cursor, true) : char === "]" ? "\\]" : char;
  }
  cursor.take();
  return part(`${source}]`);
}

function group(cursor: Cursor): Part {
  if (cursor.peek() === "?" && !cursor.skip("?:")) throw new Unsupported("(?");
  const { source, cost } = alternatives(cursor);
  if (!cursor.skip(")")) throw new Unsupported("a ( without its )");
  return { source: `(?:${source})`, cost };
}

function atom(cursor: Cursor): Part {
  const char = cursor.take();
  if (char === "(") return group(cursor);
  if (char === "[") return characterClass(cursor);
  if (char === "\\") return part(escape(cursor, false));
  if (char === ".") return part("[^\\n]");
  if (char === "^" || char === "$") return part(char);
  if (/[*+?{}]/.test(char)) throw new Unsupported(`${char} at this place`);
  return part(literal(char));
}

function quantified(cursor: Cursor): Part {
  const { source, cost } = atom(cursor);
  const sign = cursor.match(QUANTIFIER);
  if (sign === undefined) return { source, cost };
  if (/[*+?{]/.test(cursor.peek())) throw new Unsupported("a repetition of a repetition");
  if (sign.startsWith("?")) return { source: source + sign, cost: cost + 1 };
  if (cost > 1) throw new Unsupported("a repeated group with a choice or a repetition in it");
  return { source: source + sign, cost: MAX_MATCHED };
}

function sequence(cursor: Cursor): Part {
  let whole = part("");
  while (!["", "|", ")"].includes(cursor.peek())) {
    const { source, cost } = quantified(cursor);
    whole = { source: whole.source + source, cost: whole.cost * cost };
  }
  return whole;
}

function alternatives(cursor: Cursor): Part {
  let whole = sequence(cursor);
  while (cursor.skip("|")) {
    const { source, cost } = sequence(cursor);
    whole = { source: `${whole.source}|${source}`, cost: whole.cost + cost };
  }
  return whole;
}

/** A recursive descent over the pattern; throws `Unsupported`, which `compilePattern` turns into a value. */
function translate(pattern: string): Part {
  const cursor = cursorOf(pattern);
  const whole = alternatives(cursor);
  if (cursor.peek() !== "") throw new Unsupported("a ) without its (");
  return whole;
}

/** Compiles a pattern, or says which part of it is not supported. `name` is where it stands, for example `encrypted_regex`. */
export function compilePattern(pattern: string, name: string): Outcome<RegExp> {
  const hint = "use letters, . [ ] ( | ) ^ $ * + ? and \\d \\w \\s \\b, or a suffix rule instead";
  if (pattern.length > MAX_LENGTH) return fault(`${name} is longer than ${MAX_LENGTH} characters`, hint);
  const ignoreCase = pattern.startsWith("(?i)");
  try {
    const { source, cost } = translate(ignoreCase ? pattern.slice(4) : pattern);
    if (cost > MAX_COST) return fault(`${name} has too many repetitions and choices`, hint);
    return good(new RegExp(source, ignoreCase ? "i" : ""));
  } catch (error) {
    if (error instanceof Unsupported) return fault(`${name}: ${error.message} is not supported`, hint);
    if (error instanceof SyntaxError) return fault(`${name} is not a regular expression`, hint);
    throw error;
  }
}
