/** The `sops` part of a file: who can read it, by which rules its values were chosen, and its MAC. */
import type { Metadata } from "./document.ts";
import { fault, good, type Outcome } from "./outcome.ts";
import { RULE_NAMES, type Rules } from "./selection.ts";

/** Written into new files: the version of the tool whose format this is. */
export const FORMAT_VERSION = "3.13.3";
/** More recipients than any team has; each costs a try. */
const MAX_RECIPIENTS = 200;

export interface WrappedKey {
  readonly recipient: string;
  /** Armoured age file that holds the data key. */
  readonly enc: string;
}

export interface FileMetadata {
  readonly age: readonly WrappedKey[];
  /** Other ways in that the file has, which holdfast cannot use: `kms`, `pgp` … */
  readonly others: readonly string[];
  readonly rules: Rules;
  readonly macOnlyEncrypted: boolean;
  readonly lastModified: string;
  readonly mac: string;
  /** As it stands in the file; written back but for `lastmodified` and `mac`. */
  readonly raw: Metadata;
}

const OTHER_KEYS = ["kms", "pgp", "gcp_kms", "hckms", "azure_kv", "hc_vault"];
const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)$/;

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

function wrappedKeys(value: unknown): WrappedKey[] {
  return listOf(value).flatMap(entry =>
    isRecord(entry) && typeof entry["enc"] === "string"
      ? [{ recipient: textOf(entry["recipient"]), enc: entry["enc"] }]
      : [],
  );
}

/** With key groups the keys stand in the group; several groups need Shamir's sharing. */
function keySource(raw: Metadata): Outcome<Metadata> {
  const groups = listOf(raw["key_groups"]).filter(isRecord);
  if (groups.length > 1)
    return fault(
      `its key is split over ${groups.length} key groups, which holdfast does not support`,
      "encrypt it with one group of age recipients",
    );
  return good(groups[0] ?? raw);
}

function rulesOf(raw: Metadata): Rules {
  return Object.fromEntries(
    RULE_NAMES.flatMap(name => (textOf(raw[name]) ? [[name, textOf(raw[name])]] : [])),
  );
}

/** A file without any `sops` part is in the clear. */
export const NOT_ENCRYPTED = fault(
  "it is not encrypted: it has no sops part",
  "run `holdfast secrets encrypt FILE`; if it was pushed, change the secrets in it too: they are known now",
);

export function readMetadata(raw: Metadata | undefined): Outcome<FileMetadata> {
  if (!raw) return NOT_ENCRYPTED;
  const source = keySource(raw);
  if (!source.ok) return source;
  const age = wrappedKeys(source.value["age"]);
  const others = OTHER_KEYS.filter(name => listOf(source.value[name]).length > 0);
  if (age.length > MAX_RECIPIENTS) return fault(`it has more than ${MAX_RECIPIENTS} recipients`);
  const lastModified = textOf(raw["lastmodified"]);
  const mac = textOf(raw["mac"]);
  if (!RFC3339.test(lastModified))
    return fault("its sops part has no valid lastmodified: it was tampered with or cut");
  if (mac === "") return fault("its sops part has no mac: it was tampered with or cut");
  const macOnlyEncrypted = raw["mac_only_encrypted"] === true || raw["mac_only_encrypted"] === "true";
  return good({ age, others, rules: rulesOf(raw), macOnlyEncrypted, lastModified, mac, raw });
}

/** The `sops` part of a new file; `lastmodified` and `mac` come with the encryption. */
export function newMetadata(age: readonly WrappedKey[], rules: Rules, macOnlyEncrypted: boolean): Metadata {
  const wrapped = age.map(({ recipient, enc }) => ({ recipient, enc }));
  return {
    age: wrapped,
    ...rules,
    ...(macOnlyEncrypted ? { mac_only_encrypted: true } : {}),
    version: FORMAT_VERSION,
  };
}
