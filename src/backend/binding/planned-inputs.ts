/** Do the inputs of a step that is about to run fit those that the plan showed? */
import { UNKNOWN_VALUE } from "../../engine/ports/plan.ts";
import { fits, propertiesForm } from "../../engine/ports/properties.ts";
import { isObject, type Json } from "../deployment/types.ts";

/**
 * What a provider filled in by itself in Check, random names among it, differs from one Check to the next. Providers
 * list it under `__defaults`; other names with two underscores are the engine's and providers' own notes.
 */
function isFree(key: string, actual: Json): boolean {
  return key.startsWith("__") || (Array.isArray(actual.__defaults) && actual.__defaults.includes(key));
}

/** The plan, with "anything" in the places that a provider fills. */
function loosened(planned: unknown, actual: unknown): unknown {
  if (Array.isArray(planned) && Array.isArray(actual))
    return planned.map((item, index) => loosened(item, actual[index]));
  if (!isObject(planned) || !isObject(actual)) return planned;
  const keys = [...new Set([...Object.keys(planned), ...Object.keys(actual)])];
  const pairs = keys.flatMap(key => {
    if (isFree(key, actual)) return [[key, UNKNOWN_VALUE]];
    return key in planned ? [[key, loosened(planned[key], actual[key])]] : [];
  });
  return Object.fromEntries(pairs);
}

/** Pure. `planned` is `Change.after`; `actual` are the journal's inputs, their secrets encrypted. */
export function inputsFit(planned: Json, actual: unknown): boolean {
  const form = propertiesForm(actual);
  return fits(loosened(propertiesForm(planned), form), form);
}
