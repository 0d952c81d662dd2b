/** Reads a checkout into an estate: Pulumi's own files, and holdfast.yaml over them. Every problem comes at once. */
import { realpath } from "node:fs/promises";
import { fail, ok, type Problem, type Result } from "../engine/failure.ts";
import type { Estate, EstateReader, StackDefinition } from "../engine/ports/stack.ts";
import { readCheckoutFile } from "./checkout-file.ts";
import { estateProblems } from "./estate-rules.ts";
import { findStacks } from "./found-stacks.ts";
import { holdfastSchema, type HoldfastFile } from "./holdfast-schema.ts";
import type { Found } from "./project-file.ts";
import { checkSchema } from "./schema-problems.ts";
import { settingsOf, stackRules } from "./stack-settings.ts";
import { parseYaml, type YamlDocument } from "./yaml-document.ts";

export const HOLDFAST_FILE = "holdfast.yaml";
const DEFAULT_ORGANIZATION = "organization";

interface Settings {
  readonly file: HoldfastFile;
  readonly doc: YamlDocument;
}

/** undefined: there is no holdfast.yaml. */
async function readSettings(root: string): Promise<Found<Settings | undefined>> {
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
  if ("problems" in doc) return doc;
  const checked = checkSchema(holdfastSchema, doc);
  return "problems" in checked ? checked : { value: { file: checked.value, doc } };
}

const byPlace = (a: Problem, b: Problem): number =>
  (a.place?.file ?? "").localeCompare(b.place?.file ?? "") ||
  (a.place?.line ?? 0) - (b.place?.line ?? 0) ||
  (a.place?.column ?? 0) - (b.place?.column ?? 0);

function estateOf(file: HoldfastFile | undefined, stacks: readonly StackDefinition[]): Estate {
  return {
    stacks,
    organization: file?.organization ?? DEFAULT_ORGANIZATION,
    organizationAliases: file?.organizationAliases ?? [],
    allowScripts: file?.allowScripts ?? [],
  };
}

async function read(checkout: string): Promise<Result<Estate>> {
  const root = await realpath(checkout);
  const found = await findStacks(root);
  const settings = await readSettings(root);
  const problems = [...found.problems];
  if ("problems" in settings) problems.push(...settings.problems);
  const mine = "value" in settings ? settings.value : undefined;
  const rules = stackRules(mine?.file.stacks);
  const stacks = found.stacks.map(stack => ({ ...stack, settings: settingsOf(stack.name, rules) }));
  // With a project file that could not be read, every pattern for its stacks would be reported too: noise.
  if (mine && found.problems.length === 0)
    problems.push(...(await estateProblems({ root, doc: mine.doc, rules, stacks })));
  if (problems.length > 0)
    return fail({ kind: "stalled", reason: "config-invalid", problems: problems.sort(byPlace) });
  return ok(estateOf(mine?.file, stacks));
}

/** Failures: config-invalid, with all problems of all files. */
export const createEstateReader = (): EstateReader => ({ read });
