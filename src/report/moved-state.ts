/** What came of a state that moved in or out: for people, and as the documents of `import-state` and `export-state`. */
import type { Failure } from "../engine/failure.ts";
import type { Plan } from "../engine/ports/plan.ts";
import type { ImportedState } from "../engine/ports/state.ts";
import { DOCUMENT_VERSION, failureDocument, planDocument } from "./documents.ts";
import { failureText } from "./messages.ts";
import { plainLine } from "./plain-text.ts";
import { planText, type TextOptions } from "./plan-text.ts";
import { resourceName } from "./urn.ts";

/** What a plan on the moved state showed. `unknown`: nobody could tell, of all or of some. */
export type Verdict = "unchanged" | "differs" | "unknown";

export interface Verified {
  readonly verdict: Verdict;
  readonly plan?: Plan;
  readonly failure?: Failure;
}

export type Moved =
  /** Nothing of it was taken. */
  | { readonly stack: string; readonly moved: false; readonly failure: Failure }
  | (Verified & {
      readonly stack: string;
      readonly moved: true;
      readonly state: ImportedState;
      /** Not applied before somebody resumes it. */
      readonly paused: boolean;
    });

/** Lines of one list that a person reads. */
const MOST_PENDING = 10;
const indented = (text: string): string =>
  text
    .split("\n")
    .map(line => `  ${line}`.trimEnd())
    .join("\n");

const count = (n: number, one: string): string => `${n} ${one}${n === 1 ? "" : "s"}`;

function pendingLines({ pending }: Pick<ImportedState, "pending">): readonly string[] {
  if (pending.length === 0) return [];
  const shown = pending
    .slice(0, MOST_PENDING)
    .map(({ operation, urn }) => `    ${operation} ${resourceName(urn)}`);
  const more = pending.length > MOST_PENDING ? [`    and ${pending.length - MOST_PENDING} more`] : [];
  const it = pending.length === 1 ? "it" : "they";
  return [
    `  ${count(pending.length, "step")} had begun there, and nobody saw how ${it} ended:`,
    ...shown,
    ...more,
  ];
}

/** What the plan on a moved state says; `where` is said of it. */
export function verifiedText(stack: string, seen: Verified, options: TextOptions = {}): string {
  const plan = seen.plan ? [planText(seen.plan, options)] : [];
  if (seen.verdict === "unchanged") return [...plan, `No changes: the state fits ${stack}.`].join("\n");
  if (seen.verdict === "differs")
    return [...plan, "", `The state does not fit as it is: the above would change.`].join("\n");
  const why = seen.failure ? [indented(failureText(seen.failure, { stack }))] : [];
  return [...plan, `Whether the state fits could not be told:`, ...why].join("\n");
}

function resumeLine({ stack, verdict }: { readonly stack: string; readonly verdict: Verdict }): string {
  const until = verdict === "differs" ? "Where that is right" : "When `holdfast plan` says what you expect";
  return `${stack} is paused, so that nothing is applied meanwhile. ${until}: holdfast resume ${stack}`;
}

export function movedText(moved: Moved, options: TextOptions = {}): string {
  const { stack } = moved;
  if (!moved.moved) return `${stack} was not taken over:\n${indented(failureText(moved.failure, { stack }))}`;
  const { version, resources, replaced } = moved.state;
  const before = replaced === undefined ? "" : `; the one before is version ${replaced} of its history`;
  return [
    `${stack} has its state now: version ${version}, ${count(resources, "resource")}${before}`,
    ...pendingLines(moved.state),
    verifiedText(stack, moved, options),
    ...(moved.paused ? [resumeLine(moved)] : []),
  ].join("\n");
}

export interface MovedOut {
  readonly stack: string;
  /** Without a password. */
  readonly to: string;
  readonly resources: number;
}

export function movedOutText(
  { stack, to, resources }: MovedOut,
  seen: Verified,
  options: TextOptions = {},
): string {
  return [
    `${stack} is in ${plainLine(to)} now: ${count(resources, "resource")}; a preview of the plain CLI there:`,
    verifiedText(stack, seen, options),
    "",
    `holdfast still has its state, and goes on. Before somebody deploys from there: holdfast pause ${stack} --why moved`,
  ].join("\n");
}

/** Said at the end: two who write make both states wrong. */
export const freezeText = (shown: string): string =>
  plainLine(
    `${shown} was only read, and still works. Freeze it now: take away what writes to it (keys, CI jobs), or two will deploy.`,
  );

export const leftText = (shown: string, names: readonly string[]): string =>
  plainLine(`Left in ${shown}, because the repository has no such stack: ${names.join(", ")}`);

const verifiedJson = (stack: string, { verdict, plan, failure }: Verified) => {
  const [shown] = planDocument([{ stack, ...(plan && { plan }), ...(failure && { failure }) }]).stacks;
  return { verdict, plan: shown?.plan ?? null, failure: shown?.failure ?? null };
};

function movedJson(moved: Moved) {
  const { stack } = moved;
  if (!moved.moved)
    return {
      ...{ stack, stateVersion: null, resources: null, replaced: null, pending: [], paused: false },
      ...{ verdict: "refused" as const, plan: null, failure: failureDocument(moved.failure).failure },
    };
  const { version, resources, replaced, pending } = moved.state;
  return {
    ...{ stack, stateVersion: version, resources, replaced: replaced ?? null },
    pending: pending.map(({ urn, operation }) => ({ urn, operation })),
    paused: moved.paused,
    ...verifiedJson(stack, moved),
  };
}

/** docs/schemas/import-state.schema.json */
export const importDocument = (from: string | undefined, all: readonly Moved[], left: readonly string[]) => ({
  ...{ version: DOCUMENT_VERSION, from: from ?? null },
  stacks: all.map(movedJson),
  left,
});

/** docs/schemas/export-state.schema.json */
export const exportDocument = ({ stack, to, resources }: MovedOut, seen: Verified) => ({
  ...{ version: DOCUMENT_VERSION, stack, to, resources },
  ...verifiedJson(stack, seen),
});
