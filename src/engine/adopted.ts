/**
 * What a person said that a dead create had made is in the state with the id that they gave. The first look at it reads
 * that id with the provider: where nothing is there, the create is of unknown end again, and the person is told.
 */
import type { SortedDrift } from "./drift.ts";
import type { Failure, Result } from "./failure.ts";
import type { Adoption } from "./ports/state.ts";
import type { Records } from "./ports/records.ts";
import type { StackName } from "./ports/stack.ts";
import type { Run, RunWorld } from "./run.ts";

type Settings = Pick<Records, "setting" | "setSetting">;

const keyOf = (stack: StackName): string => `adopted:${stack}`;

/** Adoptions that no look has verified yet. */
export async function unverified(records: Settings, stack: StackName): Promise<readonly Adoption[]> {
  const text = await records.setting(keyOf(stack));
  // Nobody but `noteAdopted` writes it.
  return text ? (JSON.parse(text) as Adoption[]) : [];
}

const write = (records: Settings, stack: StackName, list: readonly Adoption[]): Promise<void> =>
  records.setSetting(keyOf(stack), list.length > 0 ? JSON.stringify(list) : "");

/** To be called before the state has them, so that no look comes between. */
export async function noteAdopted(
  records: Settings,
  stack: StackName,
  adopted: readonly Adoption[],
): Promise<void> {
  const others = (await unverified(records, stack)).filter(
    ({ urn }) => !adopted.some(one => one.urn === urn),
  );
  await write(records, stack, [...others, ...adopted]);
}

interface InVain extends Adoption {
  readonly why: string;
}

/** Which of them the provider does not find, and which it cannot even read; of each, in whose words. Pure. */
export function notThere(adopted: readonly Adoption[], looked: Result<SortedDrift>): readonly InVain[] {
  if (looked.ok) {
    const { counted, ignored } = looked.value;
    const gone = [...counted, ...ignored.map(({ change }) => change)].filter(({ op }) => op === "delete");
    return adopted
      .filter(({ urn }) => gone.some(change => change.urn === urn))
      .map(one => ({ ...one, why: `its provider finds nothing with the id ${one.id}` }));
  }
  const { failure } = looked;
  if (failure.reason !== "check-failed") return [];
  return adopted.flatMap(one => {
    const error = failure.errors.find(({ urn }) => urn === one.urn);
    return error ? [{ ...one, why: `its provider cannot read the id ${one.id}: ${error.message}` }] : [];
  });
}

/** After a look of this run; `unknown` are those that it left out. Undefined: nothing that was adopted is missing. */
export async function adoptedInVain(
  { stack: { name }, mode }: Run,
  { records, state }: Pick<RunWorld, "records" | "state">,
  looked: Result<SortedDrift>,
  unknown: readonly string[],
): Promise<Failure | undefined> {
  if (mode === "plan" || mode === "destroy") return undefined;
  const adopted = await unverified(records, name);
  if (adopted.length === 0) return undefined;
  const vain = notThere(adopted, looked);
  // A look that failed of something else says nothing of the others.
  const seen = looked.ok ? adopted.filter(({ urn }) => !unknown.includes(urn)) : vain;
  if (vain.length > 0) {
    const undone = await state.undoAdoption(name, vain, "holdfast");
    if (!undone.ok) return undone.failure;
  }
  await write(
    records,
    name,
    adopted.filter(one => !seen.some(({ urn }) => urn === one.urn)),
  );
  const [first] = vain;
  return (
    first && { kind: "stalled", reason: "outcome-unknown", urns: vain.map(({ urn }) => urn), why: first.why }
  );
}
