/** Properties of a marked block in a file. */
import { path } from "./place.ts";
import { either, flaw, line, oneOf, optional, required, text, type Rule, type Shape } from "./shape.ts";
import { validation } from "./file.ts";
import { mode } from "./place.ts";

const marker = text({
  pattern: /^[A-Za-z0-9][A-Za-z0-9 ._:@/-]{0,98}[A-Za-z0-9]$|^[A-Za-z0-9]$/,
  what: "a name of letters, digits, spaces and ._:@/-",
});

/** Begins a mark's line: what the file's own language takes for a comment. */
const comment = text({
  pattern: /^[^\s](.{0,18}[^\s])?$/,
  what: 'what a comment begins with, for example "#"',
});
const commentEnd = text({
  pattern: /^[^\s](.{0,18}[^\s])?$/,
  what: 'what a comment ends with, for example "-->"',
});

const content: Rule = (value, isLater) => {
  const flaws = text({ most: 65_536 })(value, isLater);
  return flaws.length === 0 && /(BEGIN|END) holdfast: /.test(String(value))
    ? flaw('must not hold a mark of a block ("BEGIN holdfast: ")')
    : flaws;
};

export const MANAGED_BLOCK: Shape = {
  path: required(path, "the absolute path on the host"),
  marker: required(marker, "the name of the block in the file"),
  content: required(content, "the lines of the block"),
  comment: optional(comment),
  commentEnd: optional(commentEnd),
  at: optional(oneOf("start", "end")),
  before: optional(line()),
  after: optional(line()),
  create: optional(either("true, false or the mode of a new file", oneOf(true, false), mode)),
  validate: optional(validation),
};
