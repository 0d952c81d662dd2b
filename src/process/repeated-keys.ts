/** Keys that stand twice in a YAML file; here because every room that reads YAML may import it. */
import { isScalar, visit, type Document } from "yaml";

/**
 * Places (from 0) of keys that stand a second time in their map. yaml's own check compares each key with all before it:
 * a file of a few hundred kilobytes kept the process busy for minutes.
 */
export function repeatedKeys(document: Document, most: number): readonly number[] {
  const places: number[] = [];
  visit(document, {
    Map(_, { items }) {
      const seen = new Set<unknown>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        if (seen.has(key.value)) places.push(key.range?.[0] ?? 0);
        seen.add(key.value);
        if (places.length >= most) return visit.BREAK;
      }
      return undefined;
    },
  });
  return places;
}
