/** Properties of a folder, and of the tree in it. */
import { base64, MOST_CONTENT } from "./file.ts";
import { account, mode, PLACE } from "./place.ts";
import { flaw, mapOf, object, optional, text, yesOrNo, type Rule, type Shape } from "./shape.ts";
import { linkTarget } from "./symlink.ts";

/** Of one tree: each is asked for at every look. */
export const MOST_ENTRIES = 2_000;

/** From the folder, in its shortest form; a folder's ends with a slash. */
const below: Rule = value => {
  const parts = String(value).replace(/\/$/, "").split("/");
  const fine = parts.every(part => part !== "" && part !== "." && part !== ".." && !/[\n\0]/.test(part));
  return fine && String(value).length <= 4000
    ? []
    : flaw('must be a path from the folder, such as "css/site.css"');
};

const entry = object(
  {
    content: optional(text({ most: MOST_CONTENT, nul: true })),
    contentBase64: optional(base64),
    target: optional(linkTarget),
    mode: optional(mode),
    owner: optional(account),
    group: optional(account),
  },
  "an entry of a tree",
);

const entries: Rule = (value, isLater) => {
  const flaws = mapOf(below, entry, "a map of paths to files")(value, isLater);
  if (flaws.length > 0 || Object.keys(value as object).length <= MOST_ENTRIES) return flaws;
  return flaw(`holds more than ${MOST_ENTRIES} files and folders`);
};

export const DIRECTORY: Shape = { ...PLACE, entries: optional(entries), purge: optional(yesOrNo) };
