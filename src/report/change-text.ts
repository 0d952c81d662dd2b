/** Changes of a plan, grouped by the component that they belong to. */
import type { Change, Op } from "../engine/ports/plan.ts";
import type { Colors } from "./colors.ts";
import { plainLine } from "./plain-text.ts";
import { valueAt } from "./property-path.ts";
import { capLines, propertyLines } from "./property-text.ts";
import { parseUrn } from "./urn.ts";

/** Lines of one resource: two screens. */
const RESOURCE_LINES = 80;

/** A replacement comes as several steps of one URN. */
const HALVES: readonly Op[] = [
  "create-replacement",
  "delete-replaced",
  "discard-replaced",
  "remove-pending-replace",
];

/** One change for each resource: the halves of a replacement are left out where it is there as a whole. */
export function wholeChanges(changes: readonly Change[]): Change[] {
  const replaced = new Set(changes.filter(({ op }) => op === "replace").map(({ urn }) => urn));
  return changes.filter(({ op, urn }) => !HALVES.includes(op) || !replaced.has(urn));
}

function symbol(op: Op, colors: Colors): string {
  switch (op) {
    case "create":
      return colors.added("+  ");
    case "update":
      return colors.changed("~  ");
    case "delete":
    case "delete-replaced":
      return colors.removed("-  ");
    case "replace":
    case "create-replacement":
    case "import-replacement":
    case "read-replacement":
      return colors.removed("+/-");
    case "read":
      return "<  ";
    case "import":
      return colors.added("=  ");
    case "discard":
    case "discard-replaced":
    case "remove-pending-replace":
      return colors.removed("x  ");
  }
}

/** Properties of a new resource, without what is empty. */
function created(change: Change, colors: Colors): string[] {
  const given = Object.entries(change.after ?? {}).filter(
    ([, value]) => value !== null && value !== undefined,
  );
  return given.flatMap(([key, value]) => propertyLines(key, undefined, value, colors));
}

function differing(change: Change, colors: Colors): string[] {
  return change.paths.flatMap(({ path, kind }) => {
    const lines = propertyLines(path, valueAt(change.before, path), valueAt(change.after, path), colors);
    if (!kind.endsWith("-replace")) return lines;
    const [first = "", ...rest] = lines;
    return [`${first} ${colors.removed("(forces replacement)")}`, ...rest];
  });
}

function changeLines(change: Change, colors: Colors): string[] {
  const protect = change.protect ? " (protected)" : "";
  const title = `${symbol(change.op, colors)} ${plainLine(change.type)} ${colors.strong(plainLine(change.name))}${protect}`;
  const body = change.op === "create" || change.op === "import" ? created : differing;
  const lines = change.op === "delete" ? [] : body(change, colors);
  return [title, ...capLines(lines, RESOURCE_LINES).map(line => `      ${line}`)];
}

const groupOf = (change: Change): string => parseUrn(change.urn)?.parents.join(" › ") ?? "";

/** Lines of all changes, indented; a heading for each component type that has children among them. */
export function changesText(changes: readonly Change[], colors: Colors): string[] {
  const groups = [...Map.groupBy(wholeChanges(changes), groupOf)].sort(([a], [b]) => (a < b ? -1 : 1));
  return groups.flatMap(([group, members]) => {
    const lines = members.flatMap(change => changeLines(change, colors));
    return group === ""
      ? lines.map(line => `  ${line}`)
      : [`  in ${plainLine(group)}`, ...lines.map(line => `    ${line}`)];
  });
}
