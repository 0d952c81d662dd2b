/** Symbolic links of a tree, followed in thought: none may lead out of it, not even through other links. */
import { MAX_LINK_HOPS } from "./limits.ts";

/** Path of a link → its target; both Latin-1, which keeps bytes apart. */
export type Links = ReadonlyMap<string, string>;

/** Why this link must not be written; undefined where it stays inside. */
export function linkProblem(link: string, links: Links): string | undefined {
  const place = link.split("/").slice(0, -1);
  if (links.get(link)?.includes("\0")) return "the link's target holds a NUL byte";
  return follow(place, links.get(link)?.split("/") ?? [], links);
}

/**
 * Walks as the kernel does: component by component, a link on the way replaced by its target. What does not exist is
 * walked through by its name alone: somebody could make it later.
 */
function follow(place: readonly string[], target: readonly string[], links: Links): string | undefined {
  let at = [...place];
  let todo = [...target];
  let hops = 0;
  if (isAbsolute(todo)) return "the link has an absolute target";
  for (let next = todo.shift(); next !== undefined; next = todo.shift()) {
    if (next === "" || next === ".") continue;
    if (next === "..") {
      if (at.pop() === undefined) return "the link leads out of the repository";
      continue;
    }
    const further = links.get([...at, next].join("/"))?.split("/");
    if (!further) {
      at = [...at, next];
      continue;
    }
    if (++hops > MAX_LINK_HOPS) return "the link leads through too many links, or in a circle";
    if (isAbsolute(further)) return "the link leads to an absolute target";
    todo = [...further, ...todo];
  }
  return undefined;
}

const isAbsolute = (target: readonly string[]): boolean => target.length > 1 && target[0] === "";
