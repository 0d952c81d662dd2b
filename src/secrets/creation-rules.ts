/** `.sops.yaml`: for whom, and by which rules, a new file is encrypted (sops v3.13 config/config.go). */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { parseDocument } from "yaml";
import { fault, good, type Outcome } from "./outcome.ts";
import { compilePattern, MAX_MATCHED } from "./pattern.ts";
import { DEFAULT_RULES, RULE_NAMES, type Rules } from "./selection.ts";

export interface CreationRule {
  readonly recipients: readonly string[];
  readonly rules: Rules;
  readonly macOnlyEncrypted: boolean;
}

const CONFIG_NAME = ".sops.yaml";
/** As sops has it: no repository is nested deeper. */
const MAX_PARENTS = 100;
const NOT_AGE = ["kms", "pgp", "gcp_kms", "hckms", "azure_keyvault", "hc_vault", "hc_vault_transit_uri"];

const HOW =
  "name a recipient with --recipient age1…, or write a .sops.yaml at the top of the repository: creation_rules: [{ path_regex: secrets/, age: age1… }]";

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const recordsOf = (value: unknown): Record<string, unknown>[] =>
  Array.isArray(value) ? value.filter(isRecord) : [];

/** A comma-separated text, or a list of such. */
function recipientsOf(value: unknown): string[] {
  const texts = Array.isArray(value) ? value.filter(item => typeof item === "string") : [value];
  return texts
    .flatMap(text => (typeof text === "string" ? text.split(",") : []))
    .map(text => text.trim())
    .filter(Boolean);
}

/** The first one on the way up from the file's folder. */
async function findConfig(folder: string): Promise<Outcome<{ file: string; text: string } | undefined>> {
  let current = folder;
  for (let depth = 0; depth < MAX_PARENTS; depth++) {
    const file = path.join(current, CONFIG_NAME);
    try {
      return good({ file, text: await readFile(file, "utf8") });
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code !== "ENOENT" && code !== "ENOTDIR") return fault(`${file} could not be read: ${code}`);
    }
    const parent = path.dirname(current);
    if (parent === current) break;
    current = parent;
  }
  return good(undefined);
}

function groupOf(rule: Record<string, unknown>, where: string): Outcome<Record<string, unknown>> {
  const groups = recordsOf(rule["key_groups"]);
  if (groups.length > 1 || groups.some(group => group["merge"] !== undefined))
    return fault(
      `${where} has several key groups, which holdfast does not support`,
      "name age recipients with `age:`",
    );
  return good(groups[0] ?? rule);
}

function toRule(rule: Record<string, unknown>, where: string): Outcome<CreationRule> {
  const source = groupOf(rule, where);
  if (!source.ok) return source;
  const others = NOT_AGE.filter(name => source.value[name] !== undefined);
  if (others.length > 0)
    return fault(
      `${where} asks for ${others.join(", ")}, which holdfast cannot encrypt for`,
      "use age recipients, or the sops tool for this file",
    );
  const named = RULE_NAMES.flatMap(name =>
    typeof rule[name] === "string" && rule[name] ? [[name, rule[name]] as const] : [],
  );
  if (named.length > 1)
    return fault(`${where} has ${named.map(([name]) => name).join(" and ")}; only one of them is allowed`);
  const recipients = recipientsOf(source.value["age"]);
  if (recipients.length === 0) return fault(`${where} names no age recipient`, HOW);
  const rules: Rules = named.length > 0 ? Object.fromEntries(named) : DEFAULT_RULES;
  return good({ recipients, rules, macOnlyEncrypted: rule["mac_only_encrypted"] === true });
}

/** The file's content; it comes from the repository. */
function parseRules(config: string, text: string): Outcome<unknown> {
  try {
    const document = parseDocument(text, { prettyErrors: false, logLevel: "silent", uniqueKeys: false });
    if (document.errors[0]) return fault(`${config} is not valid YAML (${document.errors[0].code})`);
    return good(document.toJS({ maxAliasCount: 100 }));
  } catch (error) {
    // What the library throws for too many aliases, and where nesting overflows the stack.
    if (error instanceof ReferenceError) return fault(`${config}: ${error.message}`);
    if (error instanceof RangeError) return fault(`${config} is nested too deeply`);
    throw error;
  }
}

function match(config: string, text: string, file: string): Outcome<CreationRule | undefined> {
  const parsed = parseRules(config, text);
  if (!parsed.ok) return parsed;
  const content = parsed.value;
  const rules = isRecord(content) ? recordsOf(content["creation_rules"]) : [];
  if (rules.length === 0) return good(undefined);
  const relative = path.relative(path.dirname(config), file).split(path.sep).join("/");
  if (relative.length > MAX_MATCHED)
    return fault(`the path of the file is longer than ${MAX_MATCHED} characters`);
  for (const [index, rule] of rules.entries()) {
    const where = `rule ${index + 1} of ${config}`;
    if (typeof rule["path_regex"] === "string" && rule["path_regex"] !== "") {
      const pattern = compilePattern(rule["path_regex"], `path_regex of ${where}`);
      if (!pattern.ok) return pattern;
      if (!pattern.value.test(relative)) continue;
    }
    return toRule(rule, where);
  }
  return fault(
    `no creation rule of ${config} fits ${relative}`,
    "add one, or name a recipient with --recipient age1…",
  );
}

/** The rule for a file (absolute path). Recipients that are given win over those of the rule, and no `.sops.yaml` is needed then. */
export async function creationRule(
  file: string,
  recipients: readonly string[],
): Promise<Outcome<CreationRule>> {
  const found = await findConfig(path.dirname(file));
  if (!found.ok) return found;
  const rule = found.value ? match(found.value.file, found.value.text, file) : good(undefined);
  if (recipients.length > 0) {
    const base = rule.ok && rule.value ? rule.value : { rules: DEFAULT_RULES, macOnlyEncrypted: false };
    return good({ ...base, recipients });
  }
  if (!rule.ok) return rule;
  return rule.value
    ? good(rule.value)
    : fault("nothing says for whom to encrypt it: there is no .sops.yaml with creation_rules above it", HOW);
}
