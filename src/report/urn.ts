/** URNs (`urn:pulumi:STACK::PROJECT::PARENT$TYPE::NAME`), for people. */
import { plainLine } from "./plain-text.ts";

export interface UrnParts {
  /** Types of the parents, outermost first. The stack itself is left out. */
  readonly parents: readonly string[];
  readonly type: string;
  readonly name: string;
}

/** Undefined where the text is no URN. */
export function parseUrn(urn: string): UrnParts | undefined {
  const [head, , qualified, ...name] = urn.split("::");
  if (!head?.startsWith("urn:pulumi:") || qualified === undefined || name.length === 0) return undefined;
  const types = qualified.split("$").filter(type => type !== "pulumi:pulumi:Stack");
  return { parents: types.slice(0, -1), type: types.at(-1) ?? qualified, name: name.join("::") };
}

/** `holdfast:host:File motd`; a text that is no URN as it is. */
export function resourceName(urn: string): string {
  const parts = parseUrn(urn);
  return plainLine(parts ? `${parts.type} ${parts.name}` : urn);
}
