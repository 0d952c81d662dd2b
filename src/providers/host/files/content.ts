/** Content of files as properties: text where it is UTF-8, base64 where it is not. */
import { createHash } from "node:crypto";
import type { PlainMap } from "../../grpc/value.ts";
import type { CheckProblem } from "../../resource.ts";
import { textOf } from "../placement.ts";

/** 10 MB: the state holds the content twice, and each operation sends all of the state. */
export const MAX_CONTENT_BYTES = 10 * 1000 * 1000;
export const CONTENT_KEYS = ["content", "contentBase64"] as const;

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Undefined: the inputs do not hold content that is known. */
export function contentOf(inputs: PlainMap): Buffer | undefined {
  const text = textOf(inputs, "content");
  if (text !== undefined) return Buffer.from(text, "utf8");
  const base64 = textOf(inputs, "contentBase64");
  return base64 === undefined ? undefined : Buffer.from(base64, "base64");
}

/** The property that says this content; base64 stays base64 where the inputs used it and the content is not text. */
export function contentProperties(content: Buffer, inputs: PlainMap | undefined): PlainMap {
  if (inputs?.["contentBase64"] !== undefined) return { contentBase64: content.toString("base64") };
  try {
    return { content: strictUtf8.decode(content) };
  } catch {
    return { contentBase64: content.toString("base64") };
  }
}

/** What a read shows in the place of content that is too big to hold. */
export const tooBig = (bytes: number): string =>
  `[${bytes} bytes: more than the ${MAX_CONTENT_BYTES} that holdfast keeps in the state]`;

export function factsAbout(content: Buffer): PlainMap {
  return { size: content.length, checksum: createHash("sha256").update(content).digest("hex") };
}

/** What the shape cannot say: one of them is given, and it is not too big. */
export function checkContent(inputs: PlainMap): readonly CheckProblem[] {
  const given = CONTENT_KEYS.filter(key => inputs[key] !== undefined);
  const [property, second] = given;
  if (property === undefined)
    return [{ property: "content", reason: "missing: the text to write (it may be empty)" }];
  if (second !== undefined) return [{ property: second, reason: "give either content or contentBase64" }];
  const bytes = contentOf(inputs)?.length ?? 0;
  if (bytes <= MAX_CONTENT_BYTES) return [];
  return [
    { property, reason: `holds ${bytes} bytes; ${MAX_CONTENT_BYTES} is the most (it is kept in the state)` },
  ];
}
