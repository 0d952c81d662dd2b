/** Properties of a file, as they reach the provider. */
import { PLACE } from "./place.ts";
import { flaw, optional, text, type Rule, type Shape } from "./shape.ts";

/** As characters, which are no more than the bytes; the provider counts those. */
const MOST = 15_000_000;

export const base64: Rule = value =>
  typeof value === "string" && value.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(value)
    ? []
    : flaw("must be a text in base64");

export const FILE: Shape = {
  ...PLACE,
  content: optional(text({ most: MOST, nul: true })),
  contentBase64: optional(base64),
};
