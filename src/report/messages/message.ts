/** What every message is made of. */
import type { Failure, Problem, ResourceError } from "../../engine/failure.ts";
import { plainLine, plainLines } from "../plain-text.ts";
import { resourceName } from "../urn.ts";

export interface Message {
  /** One line: what happened. */
  readonly title: string;
  /** More of it, one or several lines; "" where the title says all. */
  readonly detail: string;
  /** What to do, or what happens by itself. */
  readonly hint: string;
}

/** What commands in hints are about. */
export interface MessageContext {
  readonly stack?: string;
  readonly run?: string;
}

export const message = (title: string, detail: string, hint: string): Message => ({
  title: plainLine(title),
  detail: plainLines(detail).trimEnd(),
  hint: plainLine(hint),
});

export const plural = (count: number, one: string, more = `${one}s`): string =>
  `${count} ${count === 1 ? one : more}`;

/** `hosts/Pulumi.yaml:3:5  message` and the hint below it. */
export function problemLine({ message: text, place, hint }: Problem): string {
  const at = [place?.file, place?.line, place?.column].filter(part => part !== undefined).join(":");
  return `${at ? `${at}  ` : ""}${plainLine(text)}${hint ? `\n    ${plainLine(hint)}` : ""}`;
}

export const problemLines = (problems: readonly Problem[]): string => problems.map(problemLine).join("\n");

export function errorLines(errors: readonly ResourceError[]): string {
  return errors
    .map(({ urn, message: text }) => (urn === undefined ? text : `${resourceName(urn)}: ${text}`).trimEnd())
    .join("\n");
}

/** A title is one line, of a width that terminals have. */
export const WIDEST_TITLE = 120;
export const AGAIN = "It is tried again by itself, later each time.";
export const FIX_AND_COMMIT = "Correct it and commit; the next commit is tried at once.";

export type Reason<R extends Failure["reason"]> = Extract<Failure, { readonly reason: R }>;
