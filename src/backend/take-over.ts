/** A state comes from elsewhere, for good: not over one that is there, and not another stack's by mistake. */
import { fail, type Failure, type Result } from "../engine/failure.ts";
import type { ImportedState, ImportOptions, StateControl } from "../engine/ports/state.ts";
import type { StoredStack } from "../engine/ports/state-store.ts";
import { fromText } from "./deployment/stored.ts";
import { isCheckpoint } from "./deployment/types.ts";
import { describeProcess } from "./http/peer.ts";
import { importDeployment, type ImportParts } from "./import.ts";
import { formRefusal, strangersIn } from "./import-checks.ts";

type Parts = Omit<ImportParts, "organization">;

const unreadable = (why: string, hint?: string): { ok: false; failure: Failure } =>
  fail({ kind: "stalled", reason: "state-unreadable", why, ...(hint && { hint }) });

const refused = (message: string, hint: string): { ok: false; failure: Failure } =>
  fail({ kind: "stalled", reason: "config-invalid", problems: [{ message, hint }] });

/** Whose resources these are has to be clear: under another name the next plan would make everything a second time. */
function wrongName(value: unknown, stack: string, from: string | undefined): Result<never> | undefined {
  const form = formRefusal(value);
  if (form) return unreadable(form.why, form.hint);
  const deployment = isCheckpoint(value) ? value.deployment : undefined;
  // What is no deployment at all is said by the import itself.
  const strangers = deployment ? strangersIn(deployment, from ?? stack) : [];
  if (strangers.length === 0) return undefined;
  const [only] = strangers;
  const hint =
    strangers.length === 1 && from === undefined
      ? `is it the right one? Then give its resources this stack's name: --from-stack ${only}`
      : "export the right stack";
  return refused(`the deployment holds resources of ${strangers.join(", ")}, not of ${from ?? stack}`, hint);
}

const inUse = ({ name, version, resources }: StoredStack): Result<never> =>
  refused(
    `${name} has a state already (version ${version}, ${resources} resources)`,
    "to put the other one in its place: --force; this one stays in its history",
  );

export interface Stacks {
  /** The stack as it stands after everything that died has been replayed. */
  readonly current: (name: string) => Promise<StoredStack | undefined>;
  readonly ensure: StateControl["ensureStack"];
  readonly remove: StateControl["removeStack"];
}

/** Failures: config-invalid, state-unreadable, stack-busy. */
export async function takeOverState(
  parts: Parts,
  { current, ensure, remove }: Stacks,
  name: string,
  value: unknown,
  options: ImportOptions = {},
): Promise<Result<ImportedState>> {
  const wrong = wrongName(value, name, options.from);
  if (wrong) return wrong;
  const before = await current(name);
  if (before && before.resources > 0 && !options.force) return inUse(before);
  const made = await ensure(name);
  if (!made.ok) return made;
  const stack = await current(name);
  if (!stack) throw new Error(`stack ${name} was not made`);
  const organization = (await parts.store.organization()).name;
  const { from, by = "holdfast import-state" } = options;
  const imported = await importDeployment({ ...parts, organization }, stack, value, {
    who: by,
    holder: describeProcess(process.pid),
    ...(from === undefined || from === name ? {} : { renameFrom: from }),
  });
  if (imported.ok) return { ok: true, value: await taken(parts, stack, imported.version, before) };
  // A stack that was made only for this must not stay behind.
  if (!before) await remove(name);
  return imported.busy
    ? fail({ kind: "waiting", reason: "stack-busy", by: imported.why })
    : unreadable(imported.why, imported.hint);
}

async function taken(
  { store }: Parts,
  stack: StoredStack,
  version: number,
  before: StoredStack | undefined,
): Promise<ImportedState> {
  const { deployment } = fromText((await store.checkpoint(stack.id))?.text);
  const pending = (deployment?.pending_operations ?? []).map(({ type, resource }) => ({
    urn: resource.urn,
    type: resource.type,
    operation: type,
  }));
  return {
    version,
    resources: deployment?.resources?.length ?? 0,
    pending,
    // An equal state makes no new version.
    ...(before && before.resources > 0 && before.version < version && { replaced: before.version }),
  };
}
