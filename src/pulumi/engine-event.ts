/**
 * The engine's events (sdk/go/common/apitype/events.go), read with guards: their text comes from programs and
 * providers, which may say anything. What is not as expected is left out, never believed.
 */

export interface ResourceState {
  readonly urn: string;
  readonly custom: boolean;
  readonly protect: boolean;
  readonly id: string;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly initErrors: readonly string[];
}

export interface Step {
  readonly op: string;
  readonly urn: string;
  readonly type: string;
  readonly old?: ResourceState;
  readonly new?: ResourceState;
  /** Names of top-level properties that differ. */
  readonly diffs: readonly string[];
  /** Names of properties that force a replacement. */
  readonly keys: readonly string[];
  /** Property path → kind of the difference. */
  readonly detailedDiff: ReadonlyMap<string, string>;
}

export type EngineEvent =
  | { readonly kind: "begin" | "done" | "failed"; readonly step: Step }
  | {
      readonly kind: "diagnostic";
      /** `error`, `warning`, `info`, `info#err` or `debug`. */
      readonly severity: string;
      readonly message: string;
      readonly urn?: string;
      readonly ephemeral: boolean;
    }
  | {
      readonly kind: "policy";
      readonly urn?: string;
      /** `mandatory`, `advisory`, `remediate`. */
      readonly level: string;
      readonly policy: string;
      readonly pack: string;
      readonly message: string;
    }
  | { readonly kind: "summary"; readonly counts: Readonly<Record<string, number>>; readonly result?: string }
  | { readonly kind: "error"; readonly message: string }
  | { readonly kind: "cancel" };

/** The engine's own word that an operation came to its end, and well: nothing but its end comes after that. */
export const isSuccess = (event: EngineEvent): boolean =>
  event.kind === "summary" && event.result === "succeeded";

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const object = (value: unknown): Json => (isObject(value) ? value : {});
const text = (value: unknown): string => (typeof value === "string" ? value : "");
const texts = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(text) : []);

function state(value: unknown): ResourceState | undefined {
  if (!isObject(value)) return undefined;
  return {
    urn: text(value["urn"]),
    custom: value["custom"] === true,
    protect: value["protect"] === true,
    id: text(value["id"]),
    inputs: object(value["inputs"]),
    outputs: object(value["outputs"]),
    initErrors: texts(value["initErrors"]),
  };
}

function step(value: Json): Step {
  const metadata = object(value["metadata"]);
  const before = state(metadata["old"]);
  const after = state(metadata["new"]);
  const detailed = Object.entries(object(metadata["detailedDiff"]));
  return {
    op: text(metadata["op"]),
    urn: text(metadata["urn"]),
    type: text(metadata["type"]),
    ...(before && { old: before }),
    ...(after && { new: after }),
    diffs: texts(metadata["diffs"]),
    keys: texts(metadata["keys"]),
    detailedDiff: new Map(detailed.map(([path, diff]) => [path, text(object(diff)["diffKind"])])),
  };
}

function diagnostic(value: Json): EngineEvent {
  const urn = text(value["urn"]);
  return {
    kind: "diagnostic",
    severity: text(value["severity"]),
    message: text(value["message"]),
    ephemeral: value["ephemeral"] === true,
    ...(urn && { urn }),
  };
}

function policy(value: Json): EngineEvent {
  const urn = text(value["resourceUrn"]);
  return {
    kind: "policy",
    level: text(value["enforcementLevel"]),
    policy: text(value["policyName"]),
    pack: text(value["policyPackName"]),
    message: text(value["message"]),
    ...(urn && { urn }),
  };
}

function summary(value: Json): EngineEvent {
  const counts = Object.entries(object(value["resourceChanges"])).filter(
    (entry): entry is [string, number] => typeof entry[1] === "number",
  );
  const result = text(value["result"]);
  return { kind: "summary", counts: Object.fromEntries(counts), ...(result && { result }) };
}

const readers: Readonly<Record<string, (value: Json) => EngineEvent>> = {
  resourcePreEvent: value => ({ kind: "begin", step: step(value) }),
  resOutputsEvent: value => ({ kind: "done", step: step(value) }),
  resOpFailedEvent: value => ({ kind: "failed", step: step(value) }),
  diagnosticEvent: diagnostic,
  policyEvent: policy,
  summaryEvent: summary,
  errorEvent: value => ({ kind: "error", message: text(value["error"]) }),
  cancelEvent: () => ({ kind: "cancel" }),
};

/** One event of the engine's JSON; undefined for those that say nothing to us, and for what is no event at all. */
export function parseEvent(json: string): EngineEvent | undefined {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return undefined;
  }
  if (!isObject(value)) return undefined;
  for (const [key, read] of Object.entries(readers)) {
    const body = value[key];
    if (isObject(body)) return read(body);
  }
  return undefined;
}
