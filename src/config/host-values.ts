/** What the templates of a stack without a program may use: said in holdfast.yaml, or in YAML files of the repository. */
import path from "node:path";
import type { Place, Problem } from "../engine/failure.ts";
import { readCheckoutFile, resolveInside } from "./checkout-file.ts";
import { valueMap, type HostEntry } from "./host-schema.ts";
import { checkSchema } from "./schema-problems.ts";
import { parseYaml } from "./yaml-document.ts";

type Values = Readonly<Record<string, unknown>>;

export interface FoundValues {
  readonly values: Values;
  readonly files: readonly string[];
  readonly problems: readonly Problem[];
}

/** They travel to the program as one text. */
const MOST_BYTES = 500_000;

async function readFile(root: string, file: string, place: Place): Promise<FoundValues> {
  const wrong = (problem: Problem): FoundValues => ({ values: {}, files: [file], problems: [problem] });
  const answer = await readCheckoutFile(root, file);
  if ("problem" in answer)
    return wrong({ message: `host.values: the file "${file}" ${answer.problem}`, place });
  if ("missing" in answer) return wrong({ message: `host.values: there is no file "${file}"`, place });
  // Commits are held against the name: changes where a link leads to would not be seen.
  const found = await resolveInside(root, file);
  if (typeof found === "object" && found.real !== path.join(root, file))
    return wrong({ message: `host.values: "${file}" is behind a link; name the file itself`, place });
  const doc = parseYaml(file, answer.text);
  if ("problems" in doc) return { values: {}, files: [file], problems: doc.problems };
  if (typeof doc.value === "object" && doc.value !== null && "sops" in doc.value)
    return wrong({
      message: `host.values: "${file}" is encrypted`,
      place,
      hint: "name it under `secrets` of the stack: what is in it can be used in templates as well",
    });
  const checked = checkSchema(valueMap, doc);
  if ("problems" in checked) return { values: {}, files: [file], problems: checked.problems };
  return { values: checked.value, files: [file], problems: [] };
}

/** Later ones win, key by key. `place` says where a part of `values` is. */
export async function readValues(
  root: string,
  given: HostEntry["values"],
  place: (at: readonly PropertyKey[]) => Place,
): Promise<FoundValues> {
  const parts = given === undefined ? [] : Array.isArray(given) ? given : [given];
  const found: FoundValues[] = [];
  for (const [index, part] of parts.entries()) {
    if (typeof part !== "string") found.push({ values: part, files: [], problems: [] });
    else found.push(await readFile(root, path.posix.join(part), place(Array.isArray(given) ? [index] : [])));
  }
  const values: Values = Object.assign({}, ...found.map(one => one.values)) as Values;
  const problems = found.flatMap(one => one.problems);
  if (JSON.stringify(values).length > MOST_BYTES)
    problems.push({ message: `host.values: more than ${MOST_BYTES} characters in all`, place: place([]) });
  return { values, files: found.flatMap(({ files }) => files), problems };
}
