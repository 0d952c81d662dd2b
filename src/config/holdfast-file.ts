/** Reads holdfast.yaml. A mistake below one pattern is that pattern's affair; any other one is everybody's. */
import type { Problem } from "../engine/failure.ts";
import { readCheckoutFile } from "./checkout-file.ts";
import { holdfastSchema, type HoldfastFile } from "./holdfast-schema.ts";
import type { Found } from "./project-file.ts";
import { examine, type SchemaProblem } from "./schema-problems.ts";
import { parseYaml, type YamlDocument } from "./yaml-document.ts";

export const HOLDFAST_FILE = "holdfast.yaml";

export interface HoldfastSettings {
  /** Without the entries that have a mistake. */
  readonly file: HoldfastFile;
  readonly doc: YamlDocument;
  /** By pattern. */
  readonly mistakes: ReadonlyMap<string, readonly Problem[]>;
}

type Json = Readonly<Record<string, unknown>>;
const isRecord = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The pattern that a mistake is below; undefined: it is nobody's alone. */
function patternOf({ path, atKey }: SchemaProblem): string | undefined {
  const [top, pattern] = path;
  const isPattern = atKey && path.length === 2;
  return top === "stacks" && typeof pattern === "string" && !isPattern ? pattern : undefined;
}

/** The file's value without these patterns. */
function without(value: unknown, patterns: ReadonlySet<string>): unknown {
  if (!isRecord(value) || !isRecord(value["stacks"])) return value;
  const kept = Object.entries(value["stacks"]).filter(([pattern]) => !patterns.has(pattern));
  return { ...value, stacks: Object.fromEntries(kept) };
}

function judge(doc: YamlDocument): Found<HoldfastSettings> {
  const checked = examine(holdfastSchema, doc);
  if ("value" in checked) return { value: { file: checked.value, doc, mistakes: new Map() } };
  const mistakes = new Map<string, Problem[]>();
  for (const found of checked.found) {
    const pattern = patternOf(found);
    if (pattern === undefined) return { problems: checked.found.map(({ problem }) => problem) };
    mistakes.set(pattern, [...(mistakes.get(pattern) ?? []), found.problem]);
  }
  const rest = examine(holdfastSchema, { ...doc, value: without(doc.value, new Set(mistakes.keys())) });
  if ("value" in rest) return { value: { file: rest.value, doc, mistakes } };
  return { problems: checked.found.map(({ problem }) => problem) };
}

/** `value` undefined: there is no holdfast.yaml. Problems are those that concern every stack. */
export async function readHoldfastFile(root: string): Promise<Found<HoldfastSettings | undefined>> {
  const answer = await readCheckoutFile(root, HOLDFAST_FILE);
  const place = { file: HOLDFAST_FILE };
  if ("problem" in answer) return { problems: [{ message: `the file ${answer.problem}`, place }] };
  if ("missing" in answer) {
    const misnamed = await readCheckoutFile(root, "holdfast.yml");
    if ("missing" in misnamed) return { value: undefined };
    const message = "this file is not read under this name";
    return {
      problems: [{ message, place: { file: "holdfast.yml" }, hint: `rename it to ${HOLDFAST_FILE}` }],
    };
  }
  const doc = parseYaml(HOLDFAST_FILE, answer.text);
  return "problems" in doc ? doc : judge(doc);
}
