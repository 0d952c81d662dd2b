/** Lays one tree over another: maps are merged at every depth, everything else is replaced by the later one. */
import type { SecretTree } from "../engine/ports/secrets.ts";

const isTree = (value: unknown): value is SecretTree =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export function overlay(lower: SecretTree, upper: SecretTree): SecretTree {
  const merged = new Map(Object.entries(lower));
  for (const [key, value] of Object.entries(upper)) {
    const below = merged.get(key);
    merged.set(key, isTree(below) && isTree(value) ? overlay(below, value) : value);
  }
  return Object.fromEntries(merged);
}
