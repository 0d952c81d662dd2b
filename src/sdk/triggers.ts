/** What a reload or a restart is made for, as it reaches the provider. */
import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";

/** A resource on the same host (a file, a template, a package, …), or any value. */
export type Trigger = pulumi.CustomResource | pulumi.Input<string | number | boolean | object>;

/** Not what the thing is, but how it is reached and named. */
const BESIDES = ["id", "urn", "connection", "host"];

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, item]) => [key, sorted(item)] as const);
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

const digest = (value: unknown): string =>
  createHash("sha256")
    .update(JSON.stringify(sorted(value)))
    .digest("hex");

type Outputs = Record<string, pulumi.Output<unknown>>;

const outputsOf = (resource: pulumi.CustomResource): Outputs =>
  Object.fromEntries(
    Object.entries(resource).filter(
      (entry): entry is [string, pulumi.Output<unknown>] =>
        pulumi.Output.isInstance(entry[1]) && !BESIDES.includes(entry[0]),
    ),
  );

/** The files of a tree, by their paths on the host; a folder's own name ends with a slash. */
const treeOf = (path: unknown, entries: unknown): readonly string[] | undefined =>
  typeof entries === "object" && entries !== null
    ? Object.keys(entries)
        .filter(below => !below.endsWith("/"))
        .map(below => `${String(path)}/${below}`)
    : undefined;

/** The SDK's own way to tell a value that is to come from one that is not there; its declarations leave it out. */
type Asked = pulumi.Output<unknown> & { promise(withUnknowns: boolean): Promise<unknown> };

/**
 * Without what is not there: a preview takes each of that for something that may still come, and a digest of it would
 * never be known.
 */
async function present(outputs: Outputs): Promise<Outputs> {
  const asked = Object.entries(outputs).map(async ([key, output]): Promise<[string, Asked][]> => {
    const told = output as Asked;
    return (await told.promise(true)) === undefined ? [] : [[key, told]];
  });
  return Object.fromEntries((await Promise.all(asked)).flat());
}

/** What it is, as a digest, and the files that show on the host whether somebody touched it. */
function itemOf(resource: pulumi.CustomResource): pulumi.Inputs {
  const outputs = outputsOf(resource);
  const state = pulumi.output(present(outputs)).apply(digest);
  const { path, entries } = outputs;
  if (path === undefined) return { state };
  if (entries === undefined) return { path, state };
  return { path, paths: pulumi.all([path, entries]).apply(([at, tree]) => treeOf(at, tree)), state };
}

/** A component is nothing that is on a host: what is in it is. */
export const hasComponent = (triggers: unknown): boolean =>
  Array.isArray(triggers) && triggers.some(one => pulumi.ComponentResource.isInstance(one));
export const COMPONENT = "holds a component: give the resources that it is about";

/** As it reaches the provider. Anything but a list passes: the shape says what is wrong with it. */
export const itemsOf = (triggers: unknown): unknown =>
  Array.isArray(triggers)
    ? triggers.map((one: unknown) => (pulumi.CustomResource.isInstance(one) ? itemOf(one) : { value: one }))
    : triggers;

/** They come first. */
export const resourcesOf = (...lists: readonly unknown[]): pulumi.CustomResource[] =>
  lists.flatMap(list =>
    Array.isArray(list) ? list.filter(one => pulumi.CustomResource.isInstance(one)) : [],
  );
