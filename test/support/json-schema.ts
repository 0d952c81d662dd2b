/** A small checker for the part of JSON Schema that docs/schemas uses. An unknown keyword is an error, never passed over. */

type Schema = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const KNOWN = new Set([
  ...["$schema", "$defs", "$ref", "title", "description", "type", "properties", "required"],
  ...["additionalProperties", "items", "anyOf", "enum", "const", "pattern", "format", "minimum"],
]);

function typeOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return typeof value === "number" && Number.isInteger(value) ? "integer" : typeof value;
}

const hasType = (value: unknown, type: unknown): boolean =>
  typeOf(value) === type || (type === "number" && typeof value === "number");

function resolve(schema: unknown, root: Schema): Schema {
  if (!isObject(schema)) throw new Error("not a schema");
  const ref = schema["$ref"];
  if (typeof ref !== "string") return schema;
  const defs = root["$defs"];
  return resolve(isObject(defs) ? defs[ref.replace("#/$defs/", "")] : undefined, root);
}

function scalarErrors(value: unknown, schema: Schema, at: string): string[] {
  const { type, pattern, minimum, format } = schema;
  const errors: string[] = [];
  if (type !== undefined && !hasType(value, type))
    errors.push(`${at}: ${typeOf(value)} is not ${JSON.stringify(type)}`);
  if (Array.isArray(schema["enum"]) && !schema["enum"].includes(value)) errors.push(`${at}: not in enum`);
  if ("const" in schema && schema["const"] !== value) errors.push(`${at}: not the constant`);
  if (typeof value === "string") {
    if (typeof pattern === "string" && !new RegExp(pattern, "u").test(value)) errors.push(`${at}: pattern`);
    if (format === "date-time" && !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value))
      errors.push(`${at}: no time`);
  }
  if (typeof value === "number" && typeof minimum === "number" && value < minimum)
    errors.push(`${at}: minimum`);
  return errors;
}

function objectErrors(value: Record<string, unknown>, schema: Schema, root: Schema, at: string): string[] {
  const properties = isObject(schema["properties"]) ? schema["properties"] : {};
  const required: unknown[] = Array.isArray(schema["required"]) ? schema["required"] : [];
  const missing = required
    .filter(key => !Object.hasOwn(value, String(key)))
    .map(key => `${at}: no ${String(key)}`);
  const rest = schema["additionalProperties"];
  const inner = Object.entries(value).flatMap(([key, item]): string[] => {
    if (Object.hasOwn(properties, key)) return schemaErrors(item, properties[key], root, `${at}.${key}`);
    if (rest === false) return [`${at}: ${key} is not in the schema`];
    return isObject(rest) ? schemaErrors(item, rest, root, `${at}.${key}`) : [];
  });
  return [...missing, ...inner];
}

/** What is wrong with `value`; empty where it is as the schema says. */
export function schemaErrors(value: unknown, given: unknown, root: Schema, at = "$"): string[] {
  const schema = resolve(given, root);
  const odd = Object.keys(schema).filter(key => !KNOWN.has(key));
  if (odd.length > 0) throw new Error(`keywords that this checker does not know: ${odd.join(", ")}`);
  const errors = scalarErrors(value, schema, at);
  const choices: unknown[] = Array.isArray(schema["anyOf"]) ? schema["anyOf"] : [];
  const tried = choices.map(choice => schemaErrors(value, choice, root, at));
  if (tried.length > 0 && tried.every(wrong => wrong.length > 0)) errors.push(...tried.flat());
  if (Array.isArray(value) && schema["items"] !== undefined)
    errors.push(
      ...value.flatMap((item, index) => schemaErrors(item, schema["items"], root, `${at}[${index}]`)),
    );
  if (isObject(value)) errors.push(...objectErrors(value, schema, root, at));
  return errors;
}
