/** Containers from YAML files: NAME.yaml holds what `Container` takes. Pure. */
import path from "node:path";
import { isMap, LineCounter, parseDocument, type Document } from "yaml";
import { containerName, CONTAINER, sourceFlaws } from "../shapes/container.ts";
import { flawsOf, type Flaw } from "../shapes/shape.ts";
import { textOf, type Reading } from "./contents.ts";
import { containerOf as nameOf, isTemplate, withoutSuffix } from "./targets.ts";
import type { Entry } from "./tree.ts";
import { Mistake, render } from "./values.ts";

/** A text that is a secret, inside of a container's settings. */
export class SecretText {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export interface PlannedContainer {
  readonly name: string;
  readonly source: string;
  /** As `Container` takes them, but for secrets; paths of `build` and `archive` count from the checkout's root. */
  readonly args: Readonly<Record<string, unknown>>;
}

interface Parsed {
  readonly value: Readonly<Record<string, unknown>>;
  /** `FILE:LINE:COLUMN` of a part. */
  readonly at: (part: readonly (string | number)[]) => string;
}

type Part = readonly (string | number)[];

/** Of the part, or of the nearest one around it. */
function offsetOf(document: Document, part: Part): number {
  for (let length = part.length; length > 0; length--) {
    const node = document.getIn(part.slice(0, length), true);
    if (typeof node === "object" && node !== null && "range" in node && Array.isArray(node.range))
      return Number(node.range[0]);
  }
  return 0;
}

/** `environment.PORT` and `volumes[1]`, as flaws say it. */
const partOf = (at: string): Part =>
  at.split(/[.[\]]+/).flatMap(key => (key === "" ? [] : [/^\d+$/.test(key) ? Number(key) : key]));

function parse(source: string, text: string): Parsed {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: "error" });
  const placeOf = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${source}:${Math.max(1, line)}:${Math.max(1, col)}`;
  };
  const [wrong] = document.errors;
  if (wrong) throw new Mistake(`${placeOf(wrong.pos[0])}: not valid YAML: ${wrong.message}`);
  if (!isMap(document.contents)) throw new Mistake(`${source}:1:1: must say what the container is: image: …`);
  const value = document.toJS({ maxAliasCount: 50 }) as Readonly<Record<string, unknown>>;
  return { value, at: part => placeOf(offsetOf(document, part)) };
}

/** Each text is a template of its own: what is in a value cannot become another key. */
function rendered(value: unknown, part: Part, parsed: Parsed, reading: Reading): unknown {
  if (typeof value === "string") {
    const { text, secret } = render(value, `${parsed.at(part)}: ${part.join(".")}`, reading.values);
    return secret ? new SecretText(text) : text;
  }
  if (Array.isArray(value))
    return value.map((item, index) => rendered(item, [...part, index], parsed, reading));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(
    ([key, item]) => [key, rendered(item, [...part, key], parsed, reading)] as const,
  );
  return Object.fromEntries(entries);
}

/** Without the marks of secrets, as the rules want it. */
function clear(value: unknown): unknown {
  if (value instanceof SecretText) return value.text;
  if (Array.isArray(value)) return value.map(clear);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, clear(item)]));
}

const { name: _name, archive: _archive, build: _build, ...SHAPE } = CONTAINER;

/** `build` and `archive` are of the program's folder, and looked at there. */
function flaws(args: Readonly<Record<string, unknown>>): readonly Flaw[] {
  return [...flawsOf(SHAPE, args, () => false, ["archive", "build"]), ...sourceFlaws(args)];
}

/** `app` beside app.yaml, as the checkout has it. Only what lies in the folder of the containers counts as theirs. */
function located(key: string, given: unknown, source: string, parsed: Parsed): unknown {
  if (key === "build" && typeof given === "object" && given !== null && "folder" in given)
    return { ...given, folder: located("folder", given.folder, source, parsed) };
  if (typeof given !== "string") return given;
  const folder = path.posix.dirname(source);
  const found = path.posix.join(folder, given);
  if (!path.posix.isAbsolute(given) && found.startsWith(`${folder}/`)) return found;
  throw new Mistake(
    `${parsed.at([key])}: ${key} must lie beside ${path.posix.basename(source)}, in ${folder}`,
  );
}

function containerOf(entry: Entry, reading: Reading): PlannedContainer {
  const { source } = entry;
  const name = nameOf(entry.name);
  const [badName] = containerName(name, () => false);
  if (badName) throw new Mistake(`${source}: its name without .yaml ${badName.reason}`);
  const parsed = parse(source, textOf({ ...entry, name: withoutSuffix(entry.name) }, reading).text);
  const value = isTemplate(entry)
    ? (rendered(parsed.value, [], parsed, reading) as Parsed["value"])
    : parsed.value;
  const wrong = flaws(clear(value) as Parsed["value"]);
  if (wrong.length > 0)
    throw new Mistake(wrong.map(({ at, reason }) => `${parsed.at(partOf(at))}: ${at} ${reason}`).join("\n"));
  const paths = ["archive", "build"].flatMap(key =>
    value[key] === undefined ? [] : [[key, located(key, value[key], source, parsed)] as const],
  );
  return { name, source, args: { ...value, ...Object.fromEntries(paths) } };
}

/** Folders and files that containers name: they are no containers themselves. */
export const broughtAlong = (containers: readonly PlannedContainer[]): readonly string[] =>
  containers.flatMap(({ args: { build, archive } }) => {
    const folder = typeof build === "object" && build !== null && "folder" in build ? build.folder : build;
    return [folder, archive].filter(one => typeof one === "string");
  });

export function planContainers(
  entries: readonly Entry[],
  reading: Reading,
): { readonly containers: readonly PlannedContainer[]; readonly problems: readonly string[] } {
  const problems: string[] = [];
  const containers = entries.flatMap(entry => {
    try {
      return [containerOf(entry, reading)];
    } catch (error) {
      if (!(error instanceof Mistake)) throw error;
      problems.push(error.message);
      return [];
    }
  });
  return { containers, problems };
}
