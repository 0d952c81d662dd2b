/** A repository's file in apt's deb822 form, written and read. Pure. */
import { isList, type Plain, type PlainMap } from "../../grpc/value.ts";

/** Properties and their fields, in the order in which they are written. */
const FIELDS = [
  ["types", "Types"],
  ["uris", "URIs"],
  ["suites", "Suites"],
  ["components", "Components"],
  ["architectures", "Architectures"],
] as const;

const isText = (value: Plain): value is string => typeof value === "string";
const textsOf = (value: Plain | undefined): readonly string[] =>
  value !== undefined && isList(value) ? value.filter(isText) : [];

/** A key's lines are indented; an empty one is a dot. */
const indented = (key: string): string =>
  key
    .trim()
    .split(/\r?\n/)
    .map(line => (line === "" ? " ." : ` ${line}`))
    .join("\n");

function signature(signedBy: Plain | undefined): readonly string[] {
  if (signedBy === undefined || !isText(signedBy)) return [];
  return [signedBy.startsWith("/") ? `Signed-By: ${signedBy}` : `Signed-By:\n${indented(signedBy)}`];
}

export function writeSources(properties: PlainMap): string {
  const lists = FIELDS.flatMap(([property, field]) => {
    const list = property === "types" ? (properties["types"] ?? ["deb"]) : properties[property];
    const texts = textsOf(list);
    return texts.length === 0 ? [] : [`${field}: ${texts.join(" ")}`];
  });
  const trusted = properties["trusted"] === true ? ["Trusted: yes"] : [];
  return `${[...lists, ...trusted, ...signature(properties["signedBy"])].join("\n")}\n`;
}

/** Fields by their names in small letters; undefined: it holds more than one repository, or is none. */
function fieldsOf(text: string): ReadonlyMap<string, string> | undefined {
  const lines = text.split("\n").filter(line => !line.startsWith("#"));
  const body = lines.join("\n").trim();
  if (body === "" || /\n[ \t]*\n/.test(body)) return undefined;
  const fields = new Map<string, string>();
  let name = "";
  for (const line of body.split("\n")) {
    const [, field, value = ""] = /^([A-Za-z-]+):[ \t]*(.*)$/.exec(line) ?? [];
    if (field === undefined && !/^[ \t]/.test(line)) return undefined;
    name = field?.toLowerCase() ?? name;
    const more = line.trim() === "." ? "" : line.trim();
    fields.set(name, field === undefined ? `${fields.get(name) ?? ""}\n${more}` : value.trim());
  }
  return fields;
}

const KNOWN = ["signed-by", "trusted", ...FIELDS.map(([, field]) => field.toLowerCase())];

/** The properties that make this text; undefined: it says something that they cannot say. */
export function readSources(text: string): PlainMap | undefined {
  const fields = fieldsOf(text);
  if (!fields || [...fields.keys()].some(field => !KNOWN.includes(field))) return undefined;
  const lists = FIELDS.flatMap(([property, field]) => {
    const value = fields.get(field.toLowerCase());
    const texts = value === undefined ? [] : value.split(/\s+/).filter(one => one !== "");
    const isDefault = property === "types" && texts.join() === "deb";
    return texts.length === 0 || isDefault ? [] : [[property, texts] as const];
  });
  const signedBy = fields.get("signed-by")?.trim();
  return {
    ...Object.fromEntries(lists),
    ...(fields.get("trusted") === "yes" && { trusted: true }),
    ...(signedBy !== undefined && { signedBy }),
  };
}
