/** What templates may use: values in the clear from YAML, and secrets from SOPS files, which reach a program as config. */
import { parseTemplate } from "../render.ts";

export interface Values {
  readonly clear: Readonly<Record<string, unknown>>;
  readonly secret: Readonly<Record<string, unknown>>;
}

/** A mistake in what people wrote; its text begins with the place. */
export class Mistake extends Error {}

export interface Rendered {
  readonly text: string;
  /** Something secret is in it, or decided over it. */
  readonly secret: boolean;
}

/**
 * Config is text: maps and lists in a secrets file come as JSON, and so does a text that is JSON, such as a key of a cloud.
 * As a whole either is that text again. `true` and `false` are what a condition in a template means by them.
 */
function asWritten(text: string): unknown {
  if (text === "true" || text === "false") return text === "true";
  if (!/^[[{]/.test(text)) return text;
  try {
    return Object.defineProperty(JSON.parse(text) as object, "toString", { value: () => text });
  } catch {
    return text;
  }
}

/** `config` as Pulumi has it, by `project:key`. Keys of other namespaces are for providers. */
export function valuesOf(
  clear: Readonly<Record<string, unknown>>,
  config: Readonly<Record<string, string>>,
  project: string,
): { readonly values: Values; readonly problems: readonly string[] } {
  const prefix = `${project}:`;
  const own = Object.entries(config).flatMap(([key, text]) =>
    key.startsWith(prefix) ? [[key.slice(prefix.length), asWritten(text)] as const] : [],
  );
  const problems = own
    .filter(([key]) => Object.hasOwn(clear, key))
    .map(([key]) => `holdfast.yaml: "${key}" is among the values and in a secrets file; keep one of the two`);
  return { values: { clear, secret: Object.fromEntries(own) }, problems };
}

/** liquidjs says only which name it missed. */
function withKnown(reason: string, { clear, secret }: Values): string {
  if (!reason.includes("undefined variable")) return reason;
  const known = [...Object.keys(clear), ...Object.keys(secret)].sort();
  return `${reason}; ${known.length > 0 ? `known are: ${known.join(", ")}` : "no values are given"}`;
}

/** `label`: the file. Throws a Mistake with file, line and column. */
export function render(text: string, label: string, values: Values): Rendered {
  const report = (_property: string, reason: string): never => {
    throw new Mistake(withKnown(reason, values));
  };
  const template = parseTemplate(text, label, report);
  const secret = template.names().some(name => Object.hasOwn(values.secret, name));
  return { text: template.render({ ...values.clear, ...values.secret }), secret };
}
