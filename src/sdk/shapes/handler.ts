/** Properties of a handler. */
import { command } from "./place.ts";
import { optional, required, text, type Shape } from "./shape.ts";
import { seconds, unitName } from "./unit.ts";
import { watched } from "./watched.ts";

const NAME = text({
  pattern: /^[A-Za-z0-9_][A-Za-z0-9_.@:-]*$/,
  most: 200,
  what: "a name of letters, digits and _ . @ : -",
});

export const HANDLER: Shape = {
  name: required(NAME, "what it is called on the host"),
  when: required(watched, "the resources and values whose change makes it run"),
  reload: optional(unitName),
  restart: optional(unitName),
  command: optional(command),
  check: optional(command),
  within: optional(seconds(1)),
};

export const DEEDS = ["reload", "restart", "command"] as const;

type Given = Readonly<Record<string, unknown>>;

/** One deed, and something that it is done for. */
export function handlerMistakes(given: Given): readonly (readonly [at: string, reason: string])[] {
  const [first, second] = DEEDS.filter(deed => given[deed] !== undefined);
  if (first === undefined) return [["reload", "is missing: give reload, restart or command"]];
  if (second !== undefined) return [[second, `and ${first} are both given; a handler does one thing`]];
  return Array.isArray(given["when"]) && given["when"].length === 0
    ? [["when", "is empty: it would never run"]]
    : [];
}
