/** What a person should know of how programs are kept away from the machine; nothing where all are. */
import type { ProgramIsolation } from "../engine/ports/control.ts";
import { cut } from "./plain-text.ts";

const WIDTH = 80;

/** Paragraphs for the end of `holdfast status`. */
export function isolationText(isolation: ProgramIsolation | undefined): readonly string[] {
  if (!isolation) return [];
  const { hold, unboxed } = isolation;
  if (hold === "none") return ["Programs are not isolated from this machine: holdfast doctor says why"];
  if (unboxed.length === 0) return [];
  const names = cut(`  ${unboxed.join(", ")}`, WIDTH);
  return [`Not isolated from this machine, for they are not in nodejs:\n${names}`];
}
