/** Stack file and secrets → the run's own config (design section 5). Pure. */
import type { Problem } from "../engine/failure.ts";
import type { SecretTree } from "../engine/ports/secrets.ts";
import type { ConfigEntry } from "./stack-file.ts";

/** A value of the merged config: plain, or text that must only be written encrypted. */
export type ConfigValue =
  | { readonly kind: "plain"; readonly value: unknown }
  | { readonly kind: "secret"; readonly text: string }
  | { readonly kind: "map"; readonly entries: ReadonlyMap<string, ConfigValue> }
  | { readonly kind: "list"; readonly items: readonly ConfigValue[] };

export interface MergedConfig {
  readonly values: ReadonlyMap<string, ConfigValue>;
  readonly problems: readonly Problem[];
}

/** In a secrets file: the passphrase of the stack file's own `secure:` values. Used here, never handed to programs. */
export const PASSPHRASE_KEY = "pulumi:passphrase";

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A key with a colon is taken as it is (the old `ns:config:name` is `ns:name`); another gets the project's namespace. */
export function fullKey(project: string, key: string): string {
  if (!key.includes(":")) return `${project}:${key}`;
  return key.replace(/^([^:]+):config:/, "$1:");
}

/** The ciphertext of `{ secure: … }`, which is how Pulumi marks a secret at any depth. */
export function ciphertextOf(value: unknown): string | undefined {
  if (!isObject(value)) return undefined;
  const { secure, ...rest } = value;
  return typeof secure === "string" && Object.keys(rest).length === 0 ? secure : undefined;
}

/** Every ciphertext of a stack file, wherever it is. */
export function ciphertextsOf(value: unknown): readonly string[] {
  const own = ciphertextOf(value);
  if (own !== undefined) return [own];
  if (Array.isArray(value)) return value.flatMap(ciphertextsOf);
  return isObject(value) ? Object.values(value).flatMap(ciphertextsOf) : [];
}

/** A value of the stack file, its ciphertexts replaced by what they hold. */
function opened(value: unknown, plaintexts: ReadonlyMap<string, string>): ConfigValue {
  const ciphertext = ciphertextOf(value);
  if (ciphertext !== undefined) return { kind: "secret", text: plaintexts.get(ciphertext) ?? "" };
  if (ciphertextsOf(value).length === 0) return { kind: "plain", value };
  if (Array.isArray(value)) return { kind: "list", items: value.map(item => opened(item, plaintexts)) };
  const entries = Object.entries(isObject(value) ? value : {});
  return { kind: "map", entries: new Map(entries.map(([key, item]) => [key, opened(item, plaintexts)])) };
}

const leaves = (value: unknown): readonly unknown[] => {
  if (Array.isArray(value)) return value.flatMap(leaves);
  return isObject(value) ? Object.values(value).flatMap(leaves) : [value];
};

/**
 * A value of a secrets file. Pulumi's encrypted leaves are texts only: a structure with numbers or booleans in it is
 * encrypted whole, as JSON. Programs see no difference, because `getSecretObject` reads JSON in both cases.
 */
function secretValue(value: unknown): ConfigValue {
  if (typeof value === "string") return { kind: "secret", text: value };
  if (!isObject(value) && !Array.isArray(value))
    return { kind: "secret", text: value === null || value === undefined ? "" : JSON.stringify(value) };
  const all = leaves(value);
  if (all.length === 0 || all.some(leaf => typeof leaf !== "string"))
    return { kind: "secret", text: JSON.stringify(value) };
  if (Array.isArray(value)) return { kind: "list", items: value.map(secretValue) };
  return {
    kind: "map",
    entries: new Map(Object.entries(value).map(([key, item]) => [key, secretValue(item)])),
  };
}

export interface MergeParts {
  readonly project: string;
  readonly entries: readonly ConfigEntry[];
  readonly plaintexts: ReadonlyMap<string, string>;
  readonly secrets: SecretTree;
  /** For messages: where the secrets came from. */
  readonly secretFiles: readonly string[];
}

/** Lays both over each other; a key that is in both is a problem, because nobody could tell which one counts. */
export function mergeConfig({
  project,
  entries,
  plaintexts,
  secrets,
  secretFiles,
}: MergeParts): MergedConfig {
  const values = new Map<string, ConfigValue>();
  const origin = new Map<string, string>();
  const problems: Problem[] = [];
  const put = (key: string, value: ConfigValue, from: string, place: Problem["place"]): void => {
    const full = fullKey(project, key);
    const first = origin.get(full);
    if (first) {
      const message = `config key "${full}" is set twice: in ${first} and in ${from}`;
      problems.push({ message, ...(place && { place }), hint: "remove one of the two" });
      return;
    }
    origin.set(full, from);
    values.set(full, value);
  };
  for (const { key, value, place } of entries) {
    put(key, opened(value, plaintexts), `${place.file}${place.line ? `:${place.line}` : ""}`, place);
  }
  const files = secretFiles.join(", ");
  const place = secretFiles[0] ? { file: secretFiles[0] } : undefined;
  for (const [key, value] of Object.entries(secrets)) {
    if (key !== PASSPHRASE_KEY) put(key, secretValue(value), files, place);
  }
  return { values, problems };
}
