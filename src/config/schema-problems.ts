/** From what zod found to problems with a place, in words. */
import { z } from "zod";
import type { Problem } from "../engine/failure.ts";
import { didYouMean } from "./closest-word.ts";
import type { YamlDocument } from "./yaml-document.ts";

type Issue = z.core.$ZodIssue;

const PLAIN = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** `stacks["hosts/*"].drift.every` */
export function writePath(path: readonly PropertyKey[]): string {
  return path
    .map(key => {
      if (typeof key === "number") return `[${key}]`;
      return PLAIN.test(String(key)) ? `.${String(key)}` : `[${JSON.stringify(String(key))}]`;
    })
    .join("")
    .replace(/^\./, "");
}

const PLURALS: Record<string, string> = {
  object: "keys with values",
  record: "keys with values",
  array: "a list",
  string: "text",
  int: "a whole number",
  number: "a number",
  boolean: "true or false",
};

/** What is wrong, in words. */
export function sayIssue(issue: Issue): string {
  if (issue.code === "invalid_type" && issue.message.startsWith("Invalid input"))
    return `${PLURALS[issue.expected] ?? issue.expected} is wanted here`;
  if (issue.code === "invalid_value") return `must be one of: ${issue.values.map(String).join(", ")}`;
  if (issue.code === "invalid_key") return issue.issues.map(sayIssue).join("; ");
  if (issue.code === "invalid_union") return issue.errors.flat().map(sayIssue).join(", or ");
  return issue.message;
}

/** The schema of the object at `path`, where it is one. */
function schemaAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): z.core.$ZodType | undefined {
  const inner = schema instanceof z.ZodOptional ? schema.unwrap() : schema;
  const [key, ...rest] = path;
  if (key === undefined) return inner;
  const next =
    inner instanceof z.ZodObject
      ? (inner.shape as Record<string, z.core.$ZodType>)[String(key)]
      : inner instanceof z.ZodRecord
        ? inner.valueType
        : inner instanceof z.ZodArray
          ? inner.element
          : undefined;
  return next && schemaAt(next, rest);
}

function unknownKeys(
  schema: z.core.$ZodType,
  issue: Issue & { code: "unrecognized_keys" },
  doc: YamlDocument,
) {
  const object = schemaAt(schema, issue.path);
  const known = object instanceof z.ZodObject ? Object.keys(object.shape) : [];
  return issue.keys.map((key): Problem => {
    const hint = didYouMean(key, known) ?? `known here: ${known.join(", ")}`;
    const place = doc.place([...issue.path, key], true);
    return { message: `unknown key "${writePath([...issue.path, key])}"`, place, hint };
  });
}

/** Of forms that differ in their kind of value, the one that was meant has more to say than that the kind is wrong. */
function meant(issue: Issue): readonly Issue[] {
  if (issue.code !== "invalid_union") return [issue];
  const branch = issue.errors.find(
    issues => !issues.some(one => one.code === "invalid_type" && one.path.length === 0),
  );
  if (!branch) return [issue];
  return branch.flatMap(one => meant({ ...one, path: [...issue.path, ...one.path] }));
}

/** A problem, and the path in the file's value that it is of: that of the map around it for an unknown key. */
export interface SchemaProblem {
  readonly path: readonly PropertyKey[];
  readonly atKey: boolean;
  readonly problem: Problem;
}

/** Checks a parsed file against a schema: its value, or every problem with its path. */
export function examine<T extends z.ZodType>(
  schema: T,
  doc: YamlDocument,
): { readonly value: z.output<T> } | { readonly found: SchemaProblem[] } {
  const checked = schema.safeParse(doc.value ?? {});
  if (checked.success) return { value: checked.data };
  const found = checked.error.issues.flatMap(meant).flatMap((issue): SchemaProblem[] => {
    const { path } = issue;
    const atKey = issue.code === "invalid_key";
    if (issue.code === "unrecognized_keys")
      return unknownKeys(schema, issue, doc).map(problem => ({ path, atKey, problem }));
    const where = writePath(path);
    const message = where ? `${where}: ${sayIssue(issue)}` : sayIssue(issue);
    return [{ path, atKey, problem: { message, place: doc.place(path, atKey) } }];
  });
  return { found };
}

/** Checks a parsed file against a schema: its value, or every problem. */
export function checkSchema<T extends z.ZodType>(
  schema: T,
  doc: YamlDocument,
): { readonly value: z.output<T> } | { readonly problems: Problem[] } {
  const checked = examine(schema, doc);
  return "value" in checked ? checked : { problems: checked.found.map(({ problem }) => problem) };
}
