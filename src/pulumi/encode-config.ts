/** The merged config as the CLI reads it, every secret encrypted; and its fingerprint. */
import { createHmac } from "node:crypto";
import type { ConfigValue } from "./merge-config.ts";

type Encrypt = (plaintexts: readonly string[]) => Promise<readonly string[]>;

function secretsOf(value: ConfigValue): readonly string[] {
  if (value.kind === "secret") return [value.text];
  if (value.kind === "list") return value.items.flatMap(secretsOf);
  return value.kind === "map" ? [...value.entries.values()].flatMap(secretsOf) : [];
}

function plainJson(value: ConfigValue, secret: (text: string) => unknown): unknown {
  switch (value.kind) {
    case "plain":
      return value.value;
    case "secret":
      return secret(value.text);
    case "list":
      return value.items.map(item => plainJson(item, secret));
    case "map":
      return Object.fromEntries([...value.entries].map(([key, item]) => [key, plainJson(item, secret)]));
  }
}

/** Text of the config file. JSON is YAML, and has none of its surprises (`no`, `1e3`, `<<`). */
export async function encodeConfig(
  values: ReadonlyMap<string, ConfigValue>,
  other: Readonly<Record<string, unknown>>,
  encrypt: Encrypt,
): Promise<string> {
  const plaintexts = [...new Set([...values.values()].flatMap(secretsOf))];
  const ciphertexts = plaintexts.length > 0 ? await encrypt(plaintexts) : [];
  const byText = new Map(plaintexts.map((text, index) => [text, ciphertexts[index]]));
  const secure = (text: string): unknown => ({ secure: byText.get(text) });
  const config = [...values].map(([key, value]) => [key, plainJson(value, secure)] as const);
  return `${JSON.stringify({ ...other, config: Object.fromEntries(config) })}\n`;
}

const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item)]));
};

/** HMAC-SHA256, hex, over the config in the clear: without the key, no guess at a secret can be checked against it. */
export function configHash(
  key: Uint8Array,
  values: ReadonlyMap<string, ConfigValue>,
  other: Readonly<Record<string, unknown>>,
): string {
  const marked = (text: string): unknown => ({ secret: text });
  const config = [...values].map(([name, value]) => [name, plainJson(value, marked)] as const);
  const content = sorted({ other, config: Object.fromEntries(config) });
  return createHmac("sha256", key).update(JSON.stringify(content)).digest("hex");
}
