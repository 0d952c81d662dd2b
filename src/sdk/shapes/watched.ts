/** What a reload or a restart is made for: resources, as what they are, and plain values. */
import { path } from "./place.ts";
import { flaw, listOf, object, optional, text, type Rule } from "./shape.ts";

/** Any value that Pulumi knows. */
const anything: Rule = () => [];

const oneLinePath: Rule = (value, isLater) =>
  typeof value === "string" && value.includes("\n")
    ? flaw("holds a line break: it cannot be watched")
    : path(value, isLater);

/**
 * `path`: a file on the host, whose every change counts; `paths`: those of a tree. `state`: a digest of a resource.
 * `value`: a plain value.
 */
export const watched: Rule = listOf(
  object({
    path: optional(oneLinePath),
    paths: optional(listOf(oneLinePath)),
    state: optional(text()),
    value: optional(anything),
  }),
  "a list of resources and values",
);
