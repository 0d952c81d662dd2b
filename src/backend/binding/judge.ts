/** May these journal entries happen? An update that is bound to a plan does only what the plan holds (design section 6). */
import type { Change, Op } from "../../engine/ports/plan.ts";
import type { Binding, Refusal } from "../../engine/ports/state.ts";
import { ROOT_TYPE, nameOf, typeOf, type Operation, type Resource } from "../deployment/types.ts";
import { KIND, type JournalEntry } from "../journal/entry.ts";
import { inputsFit } from "./planned-inputs.ts";

/** Operation types of the journal are coarser than the engine's steps. `replace` stands for both halves. */
const STEPS: Readonly<Record<string, readonly Op[]>> = {
  creating: ["create", "create-replacement", "replace"],
  updating: ["update"],
  deleting: ["delete", "delete-replaced", "discard", "discard-replaced", "replace"],
  reading: ["read", "read-replacement"],
  importing: ["import", "import-replacement"],
};

const PROVIDER = "pulumi:providers:";
const STACK_REFERENCE = "pulumi:pulumi:StackReference";

export interface BoundPlan {
  readonly allowed: ReadonlyMap<string, readonly Change[]>;
  /** URNs that a refresh may take out of the state. */
  readonly mayVanish: ReadonlySet<string>;
  /** Of what the program exports a refresh knows less than the up after it: nothing that is made then. */
  readonly keepsOutputs: boolean;
}

const key = (operation: string, urn: string): string => `${operation} ${urn}`;

export function boundPlan(binding: Binding): BoundPlan {
  const changes = binding.kind === "awaited" ? [] : (binding.changes ?? []);
  const drift = binding.kind === "awaited" ? [] : (binding.drift ?? []);
  const allowed = new Map<string, Change[]>();
  for (const change of changes) {
    for (const [operation, steps] of Object.entries(STEPS)) {
      if (!steps.includes(change.op)) continue;
      const at = key(operation, change.urn);
      allowed.set(at, [...(allowed.get(at) ?? []), change]);
    }
  }
  const gone = drift.filter(change => change.op === "delete").map(change => change.urn);
  return { allowed, mayVanish: new Set(gone), keepsOutputs: binding.kind === "refresh" };
}

/** What the engine does on its own account and no plan lists: the stack, default providers. */
function internal(resource: Resource): boolean {
  if (resource.type === ROOT_TYPE) return true;
  const isDefault = nameOf(resource.urn) === "default" || nameOf(resource.urn).startsWith("default_");
  return typeOf(resource.urn).startsWith(PROVIDER) && isDefault;
}

/** The resources that the update began with. Asked for only where an entry needs them. */
export interface Base {
  urnAt(index: number, before: readonly JournalEntry[]): Promise<string | undefined>;
  /** A resource that was read before, with the same id. */
  hasRead(urn: string, id: string | undefined): Promise<boolean>;
}

async function judgeOperation(
  plan: BoundPlan,
  { type, resource }: Operation,
  base: Base,
): Promise<string | undefined> {
  if (internal(resource)) return undefined;
  if (type === "reading" && typeOf(resource.urn) === STACK_REFERENCE) return undefined;
  const planned = plan.allowed.get(key(type, resource.urn));
  if (!planned && type === "reading" && (await base.hasRead(resource.urn, resource.id))) return undefined;
  if (!planned) return "is not in the approved plan";
  // Of what goes away, nothing is written: its old inputs say nothing about the step.
  if (type === "deleting") return undefined;
  const fitting = planned.some(change => !change.after || inputsFit(change.after, resource.inputs));
  return fitting ? undefined : "has other inputs than in the approved plan";
}

const vanishes = (entry: JournalEntry): entry is JournalEntry & { readonly removeOld: number } =>
  (entry.kind === KIND.refreshSuccess || (entry.kind === KIND.success && entry.isRefresh === true)) &&
  !entry.state &&
  typeof entry.removeOld === "number";

export interface Verdict {
  /** What must be stored, refused or not: results of steps that ran are never lost. */
  readonly keep: readonly JournalEntry[];
  readonly refusals: readonly Refusal[];
}

/** The stack's outputs out of a refresh that ran the program: unknown values in the clear (tried with CLI 3.259.0). */
const isStackOutputs = ({ kind, state }: JournalEntry): boolean =>
  kind === KIND.outputs && state?.type === ROOT_TYPE;

export async function judge(plan: BoundPlan, sent: readonly JournalEntry[], base: Base): Promise<Verdict> {
  const entries = plan.keepsOutputs ? sent.filter(entry => !isStackOutputs(entry)) : sent;
  const refusals: Refusal[] = [];
  const refused = new Set<JournalEntry>();
  for (const [index, entry] of entries.entries()) {
    if (entry.kind === KIND.begin && entry.operation) {
      const why = await judgeOperation(plan, entry.operation, base);
      if (why) refusals.push({ urn: entry.operation.resource.urn, operation: entry.operation.type, why });
    } else if (vanishes(entry)) {
      const urn = await base.urnAt(entry.removeOld, entries.slice(0, index));
      if (urn !== undefined && plan.mayVanish.has(urn)) continue;
      refused.add(entry);
      const why = "(it is gone in reality), which is not in the approved plan";
      refusals.push({ urn: urn ?? "", operation: "vanished", why });
    }
  }
  if (refusals.length === 0) return { keep: entries, refusals };
  return { keep: entries.filter(entry => entry.kind !== KIND.begin && !refused.has(entry)), refusals };
}

/** One sentence for the CLI's output. */
export function refusalMessage(refusals: readonly Refusal[]): string {
  const shown = refusals.slice(0, 3).map(({ urn, operation, why }) => `${operation} ${urn} ${why}`);
  const more = refusals.length > shown.length ? ` and ${refusals.length - shown.length} more` : "";
  return `holdfast refused ${shown.join("; ")}${more}. Nothing of that was done.`;
}
