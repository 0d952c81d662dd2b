/** The first entry of a backup: what is in it, and a mark that says it is ours. */

export const MANIFEST = "manifest.json";
export const DATABASE = "holdfast.db";

export interface StackLine {
  readonly stack: string;
  /** Version of its state; 0: none. */
  readonly version: number;
  readonly resources: number;
  /** Commit that was deployed. */
  readonly deployed?: string;
}

export interface ManifestBody {
  readonly version: 1;
  /** Milliseconds since the epoch. */
  readonly madeAt: number;
  readonly occasion: string;
  /** Version of holdfast that made it. */
  readonly holdfast: string;
  readonly host: string;
  readonly repository?: string;
  readonly branch: string;
  readonly stacks: readonly StackLine[];
  readonly runs: number;
  readonly tokens: number;
  readonly files: readonly { readonly name: string; readonly size: number; readonly sha256: string }[];
}

export interface OriginMark {
  /** age1… of the identity that made it. */
  readonly maker: string;
  readonly mac: string;
}

/** The body as text, which the mark is on, and the mark. */
export interface Manifest {
  readonly body: string;
  readonly mark: OriginMark;
}

export const writeManifest = (manifest: Manifest): Buffer => Buffer.from(`${JSON.stringify(manifest)}\n`);

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const isFile = (value: unknown): boolean =>
  isRecord(value) &&
  typeof value["name"] === "string" &&
  typeof value["size"] === "number" &&
  typeof value["sha256"] === "string";

const isStack = (value: unknown): boolean =>
  isRecord(value) &&
  typeof value["stack"] === "string" &&
  typeof value["version"] === "number" &&
  typeof value["resources"] === "number";

function isBody(value: unknown): value is ManifestBody {
  if (!isRecord(value) || value["version"] !== 1) return false;
  const { madeAt, files, stacks, branch, host, occasion, holdfast, runs, tokens } = value;
  const texts = [branch, host, occasion, holdfast].every(text => typeof text === "string");
  const numbers = [madeAt, runs, tokens].every(number => typeof number === "number");
  return (
    texts &&
    numbers &&
    Array.isArray(files) &&
    files.every(isFile) &&
    Array.isArray(stacks) &&
    stacks.every(isStack)
  );
}

/** Undefined: it is no manifest that this holdfast can read. */
export function readManifest(
  text: string,
): { readonly manifest: Manifest; readonly body: ManifestBody } | undefined {
  const outer = parse(text);
  if (!isRecord(outer) || typeof outer["body"] !== "string" || !isRecord(outer["mark"])) return undefined;
  const { maker, mac } = outer["mark"];
  const body = parse(outer["body"]);
  if (typeof maker !== "string" || typeof mac !== "string" || !isBody(body)) return undefined;
  return { manifest: { body: outer["body"], mark: { maker, mac } }, body };
}
