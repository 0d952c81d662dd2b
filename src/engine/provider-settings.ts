/**
 * A refresh reads with the provider settings that are in the state. Where the program has others now (a rotated
 * credential, another kubeconfig), it must run for the refresh, too: the old credential may be dead, or may show
 * another world. Which of the two it is shows only once the ordinary look was made, so that it costs others nothing.
 */
import type { Failure, Result } from "./failure.ts";
import { fits } from "./ports/properties.ts";
import { SECRET_MASK, UNKNOWN_VALUE, type Change } from "./ports/plan.ts";
import type { Observation } from "./ports/pulumi.ts";

const PROVIDER = "pulumi:providers:";
/** Read without a credential: holdfast's own resources carry their connection themselves, Pulumi's own have none. */
const WITHOUT_CREDENTIAL = ["holdfast:", "pulumi:pulumi:"];

export const isProvider = (type: string): boolean => type.startsWith(PROVIDER);

/** Which plugin it is and where it comes from: another version of it reads the same world. */
const isPluginKey = (key: string): boolean =>
  ["version", "pluginDownloadURL", "pluginChecksums"].includes(key) || key.startsWith("__");

type Settings = Readonly<Record<string, unknown>>;

const holds = (value: unknown, text: string): boolean => JSON.stringify(value ?? null).includes(text);

/** Secrets are masked: whether they differ, nobody can tell. */
function mayDiffer(before: Settings, after: Settings): boolean {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(key => !isPluginKey(key));
  return keys.some(key => holds(after[key], SECRET_MASK) || !fits(after[key] ?? null, before[key] ?? null));
}

/** A provider under a new name, a default one of a newer version for example, takes the place of one that goes. */
function takesAnothersPlace(change: Change, changes: readonly Change[]): boolean {
  const gone = changes.filter(({ type, op }) => type === change.type && op === "delete");
  return gone.some(({ before }) => mayDiffer(before ?? {}, change.after ?? {}));
}

function isOther(change: Change, changes: readonly Change[]): boolean {
  if (change.op === "create") return takesAnothersPlace(change, changes);
  if (!["update", "replace", "create-replacement"].includes(change.op)) return false;
  // Here the provider itself has said what differs, where it could.
  if (change.paths.length > 0) return change.paths.some(({ path }) => !isPluginKey(path));
  return mayDiffer(change.before ?? {}, change.after ?? {});
}

const providersOf = (changes: readonly Change[]): readonly Change[] =>
  changes.filter(({ type }) => isProvider(type) && type !== `${PROVIDER}holdfast`);

/**
 * Before an apply, a provider whose settings are not all known is not configured, and all that it should read seems
 * to be gone (`Read` of resource/plugin/provider_plugin.go). Nothing may be concluded from that.
 */
export const settingsKnown = (changes: readonly Change[]): boolean =>
  providersOf(changes).every(({ after }) => !holds(after, UNKNOWN_VALUE));

const settingsDiffer = (changes: readonly Change[]): boolean =>
  settingsKnown(changes) && providersOf(changes).some(change => isOther(change, changes));

const typeOf = (urn: string): string => urn.split("::")[2]?.split("$").at(-1) ?? "";

/** Something could not be read that a provider with settings reads: its provider's credential may be the reason. */
export const mayBeCredential = (failure: Failure): boolean =>
  failure.reason === "check-failed" &&
  failure.errors.some(
    ({ urn }) => urn !== undefined && !WITHOUT_CREDENTIAL.some(own => typeOf(urn).startsWith(own)),
  );

/** Whether the look is to be made again, with the program's own provider settings. */
export const wantsProgram = (first: Result<Observation>): boolean =>
  first.ok ? settingsDiffer(first.value.changes) : mayBeCredential(first.failure);

function wordsOf(failure: Failure): string {
  if ("message" in failure) return failure.message;
  return ("why" in failure ? failure.why : undefined) ?? failure.reason;
}

/** Which of two failures is told: what could not be read, and what else stood in the way of reading it. */
function worse(first: Failure, second: Failure): Failure {
  if (first.reason !== "check-failed" || second.reason === "check-failed" || second.kind === "aborted")
    return second;
  const message = `and with the provider settings of the program: ${wordsOf(second)}`;
  return { ...first, errors: [...first.errors, { message }] };
}

/** The look that counts, after both were made. */
export function lookThatCounts(first: Result<Observation>, second: Result<Observation>): Result<Observation> {
  if (second.ok) return first.ok || settingsKnown(second.value.changes) ? second : first;
  return { ok: false, failure: first.ok ? second.failure : worse(first.failure, second.failure) };
}
