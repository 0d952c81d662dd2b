/** What is in an entry: as it lies in Git, or as its template makes it. Pure: bytes come from `read`. */
import { isTemplate } from "./targets.ts";
import type { Entry } from "./tree.ts";
import { Mistake, render, type Values } from "./values.ts";

export interface Reading {
  readonly values: Values;
  readonly read: (source: string) => Buffer;
}

export interface Text {
  readonly text: string;
  readonly secret: boolean;
}

/** Undefined where the bytes are no text. */
function decode(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** `base64` where it is no text. Throws a Mistake. */
export function contentOf(entry: Entry, { read, values }: Reading): Text | { readonly base64: string } {
  const { source } = entry;
  const bytes = read(source);
  const text = decode(bytes);
  if (!isTemplate(entry))
    return text === undefined ? { base64: bytes.toString("base64") } : { text, secret: false };
  if (text === undefined) throw new Mistake(`${source}: a template must be text in UTF-8`);
  return render(text, source, values);
}

/** Throws a Mistake where it is no text. */
export function textOf(entry: Entry, reading: Reading): Text {
  const content = contentOf(entry, reading);
  if ("base64" in content) throw new Mistake(`${entry.source}: must be text in UTF-8`);
  return content;
}
