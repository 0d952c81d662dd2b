/** Property values as a checkpoint holds them (JSON), made plain. */
import { mapOf, type Plain } from "./grpc/value.ts";

const SIGNATURE_KEY = "4dabf18193072939515e22adb298388d";

/** Undefined: a secret that is still encrypted, or something that is no property value. */
export function plainOf(value: unknown): Plain | undefined {
  if (value === null || ["boolean", "number", "string"].includes(typeof value)) return value as Plain;
  if (Array.isArray(value)) {
    const items = value.map(plainOf);
    return items.every(item => item !== undefined) ? items : undefined;
  }
  if (typeof value !== "object") return undefined;
  const entries = Object.entries(value as Record<string, unknown>);
  if (entries.some(([key]) => key === SIGNATURE_KEY)) return openedSecret(mapOf(entries));
  const plain = entries.map(([key, item]) => [key, plainOf(item)] as const);
  return plain.every((entry): entry is [string, Plain] => entry[1] !== undefined) ? mapOf(plain) : undefined;
}

/** The checkpoint writes an opened secret as `plaintext`, JSON in a text; others write `value`. */
function openedSecret(map: Readonly<Record<string, unknown>>): Plain | undefined {
  if ("value" in map) return plainOf(map["value"]);
  if (typeof map["plaintext"] !== "string") return undefined;
  try {
    return plainOf(JSON.parse(map["plaintext"]));
  } catch {
    return undefined;
  }
}
