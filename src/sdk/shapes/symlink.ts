/** Properties of a symlink. */
import { pathInLine } from "./place.ts";
import { required, text, type Shape } from "./shape.ts";

/** Where a link leads, from its own folder or from /; nothing need be there. */
export const linkTarget = text({ pattern: /^[^\n\r]+$/, what: "a path on one line", most: 4095 });

export const SYMLINK: Shape = {
  path: required(pathInLine, "the absolute path on the host"),
  target: required(linkTarget, "where the link leads"),
};
