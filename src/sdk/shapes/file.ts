/** Properties of a file, as they reach the provider. */
import { command, PLACE } from "./place.ts";
import { flaw, optional, text, type Rule, type Shape } from "./shape.ts";

/** As characters, which are no more than the bytes; the provider counts those. */
export const MOST_CONTENT = 15_000_000;

export const base64: Rule = value =>
  typeof value === "string" && value.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(value)
    ? []
    : flaw("must be a text in base64");

/** A command that looks at a new file, whose path stands for each `%s`. */
export const validation: Rule = (value, isLater) => {
  const flaws = command(value, isLater);
  if (flaws.length > 0 || typeof value !== "string") return flaws;
  if (!value.includes("%s")) return flaw('must hold %s, which stands for the new file: "nginx -t -c %s"');
  return /["']%s|%s["']/.test(value) ? flaw("must not quote %s: the path is quoted already") : [];
};

export const FILE: Shape = {
  ...PLACE,
  content: optional(text({ most: MOST_CONTENT, nul: true })),
  contentBase64: optional(base64),
  validate: optional(validation),
};
