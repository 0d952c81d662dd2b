/** A package as the program wants it, and what is wrong with that. Pure. */
import { createHash } from "node:crypto";
import type { CandidateFacts, PackageFacts } from "../../connection/questions.ts";
import type { Plain, PlainMap } from "../../grpc/value.ts";
import type { Checked, CheckProblem, CheckRequest } from "../../resource.ts";
import { MAX_CONTENT_BYTES } from "../files/content.ts";
import { textOf } from "../placement.ts";

export interface PackageInputs {
  readonly name: string;
  /** Exactly this one. */
  readonly version?: string;
  /** The newest that the host's lists know. */
  readonly latest: boolean;
  /** Undefined: left as it is. */
  readonly held?: boolean;
  /** The package's file. */
  readonly deb?: Buffer;
  readonly recommends: boolean;
  readonly mayRemove: readonly string[];
  readonly purge: boolean;
  /** Seconds. */
  readonly lockWait: number;
}

const LOCK_WAIT = 300;

const isText = (value: Plain): value is string => typeof value === "string";
const textsOf = (value: Plain | undefined): readonly string[] =>
  Array.isArray(value) ? (value as readonly Plain[]).filter(isText) : [];

export function parsePackage(properties: PlainMap): PackageInputs {
  const name = textOf(properties, "name");
  if (name === undefined) throw new TypeError("inputs without a name");
  const version = textOf(properties, "version");
  const deb = textOf(properties, "deb");
  const { held, lockWait } = properties;
  return {
    name,
    latest: properties["ensure"] === "latest",
    recommends: properties["recommends"] === true,
    mayRemove: textsOf(properties["mayRemove"]),
    purge: properties["purge"] === true,
    lockWait: typeof lockWait === "number" ? lockWait : LOCK_WAIT,
    ...(version !== undefined && { version }),
    ...(typeof held === "boolean" && { held }),
    ...(deb !== undefined && { deb: Buffer.from(deb, "base64") }),
  };
}

function problemsOf(inputs: PlainMap): readonly CheckProblem[] {
  const { version, ensure, deb } = inputs;
  const problem = (property: string, reason: string): readonly CheckProblem[] => [{ property, reason }];
  if (version !== undefined && ensure !== undefined)
    return problem("ensure", "and version are both given; one of them is enough");
  if (deb !== undefined && version === undefined)
    return problem("version", "missing: the version that the package's file holds");
  const bytes = isText(deb ?? null) ? Buffer.byteLength(textOf(inputs, "deb") ?? "", "base64") : 0;
  if (bytes <= MAX_CONTENT_BYTES) return [];
  return problem(
    "deb",
    `holds ${bytes} bytes; ${MAX_CONTENT_BYTES} is the most (it is kept in the state): offer larger ones in a repository`,
  );
}

export function completePackage({ inputs }: CheckRequest): Checked {
  const problems = problemsOf(inputs);
  const byVersion = inputs["version"] !== undefined || inputs["ensure"] !== undefined;
  return { inputs: byVersion ? inputs : { ...inputs, ensure: "present" }, problems };
}

export const checksumOf = (deb: Buffer): string => createHash("sha256").update(deb).digest("hex");

/** Its files are there, and it has been set up. */
export const isThere = (facts: PackageFacts | undefined): facts is PackageFacts =>
  facts !== undefined && facts.status !== "config-files";
/** Waiting for triggers passes by itself. */
const isWhole = ({ status }: PackageFacts): boolean =>
  ["installed", "triggers-pending", "triggers-awaited"].includes(status);

/** How the wanted version reads now; undefined: as it is wanted. */
function otherVersion(
  { version, latest }: PackageInputs,
  facts: PackageFacts,
  candidate: CandidateFacts | undefined,
): string | undefined {
  if (!isWhole(facts)) return `${facts.version} (${facts.status})`;
  if (version !== undefined && version !== facts.version) return facts.version;
  if (!latest || candidate === undefined || candidate.version === facts.version) return undefined;
  return `${facts.version}, and ${candidate.version} is there`;
}

/** The managed properties as they are now. */
export function packageNow(
  inputs: PackageInputs,
  facts: PackageFacts,
  candidate: CandidateFacts | undefined,
  properties: PlainMap,
): PlainMap {
  const other = otherVersion(inputs, facts, candidate);
  const property = inputs.version === undefined ? "ensure" : "version";
  return {
    ...properties,
    ...(other !== undefined && { [property]: other }),
    ...(inputs.held !== undefined && { held: facts.held }),
  };
}
