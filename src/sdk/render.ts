/** Liquid in its strict form: what is not given is an error, and no file is reached. */
import { Liquid, type Template } from "liquidjs";

type Report = (property: string, reason: string) => never;

/** Templates of configuration files are small; these stop a loop without an end. */
const LIMITS = { parseLimit: 1_000_000, renderLimit: 5_000, memoryLimit: 50_000_000 };

interface Written {
  toString(): string;
}

/** liquidjs would write `[object Object]` for a map. What says itself how it is written, is written so. */
function written(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Object.hasOwn(value, "toString")) return (value as Written).toString();
  return Object.getPrototypeOf(value) === Object.prototype ? JSON.stringify(value) : value;
}

function strictEngine(): Liquid {
  return new Liquid({
    strictVariables: true,
    strictFilters: true,
    ownPropertyOnly: true,
    // An empty table instead of a folder: include, render and layout find nothing.
    templates: {},
    relativeReference: false,
    dynamicPartials: false,
    // The rest it writes itself.
    outputEscape: written as (value: unknown) => string,
    ...LIMITS,
  });
}

export interface ParsedTemplate {
  /** Throws with file, line and column. */
  render(values: object): string;
  /** Of the values that it uses. */
  names(): readonly string[];
}

/** Where in the template, as liquidjs's errors say it: the token that could not be read. */
function placeOf(error: unknown): string {
  if (!(error instanceof Error) || !("token" in error)) return "";
  const token = error.token;
  const position =
    typeof token === "object" && token !== null && "getPosition" in token ? token.getPosition : undefined;
  if (typeof position !== "function") return "";
  const [line, column] = position.call(token) as [number, number];
  return `:${line}:${column}`;
}

/** liquidjs appends its own notion of the place; ours comes first, in the form that editors know. */
const said = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).replace(/, (file:.*, )?line:\d+, col:\d+$/s, "");

export function parseTemplate(text: string, label: string, report: Report): ParsedTemplate {
  const engine = strictEngine();
  const explain = (error: unknown): never => report("template", `${label}${placeOf(error)}: ${said(error)}`);
  let parsed: Template[];
  try {
    parsed = engine.parse(text);
  } catch (error) {
    return explain(error);
  }
  return {
    render(values) {
      try {
        return String(engine.renderSync(parsed, values));
      } catch (error) {
        return explain(error);
      }
    },
    names: () => engine.globalVariablesSync(parsed),
  };
}
