/** What every resource on a host shares: how the host is reached, and what must come first. */
import * as pulumi from "@pulumi/pulumi";
import { connectionProblem, prepareConnection, type Connection, type Placed } from "./connection.ts";
import { Host } from "./host.ts";
import { checkKeys, checkMode, checkPath, reporter } from "./mistakes.ts";

/** Where a file or folder is and whose it is. */
export interface Place extends Placed {
  /** Absolute path on the host. Another path is another resource: the old one is removed. */
  path: pulumi.Input<string>;
  /** Permission bits as octal digits, for example `"0644"`. Left alone where it is not given. */
  mode?: pulumi.Input<string>;
  /** Name or number, as a text. Left alone where it is not given. */
  owner?: pulumi.Input<string>;
  group?: pulumi.Input<string>;
}

const PLACE_KEYS = ["host", "connection", "path", "mode", "owner", "group"] as const;

export function checkPlace(type: string, name: string, args: Place, ownKeys: readonly string[]): void {
  const report = reporter(type, name);
  if (typeof args !== "object" || args === null) report("args", "are missing");
  checkKeys(args, [...PLACE_KEYS, ...ownKeys], report);
  if (args.host !== undefined && args.connection !== undefined)
    report("connection", "and host are both given; one of them is enough");
  if (args.host === undefined && args.connection === undefined)
    report("host", "is missing: give a Host, or a connection");
  if (args.host !== undefined && !(args.host instanceof Host)) report("host", "must be a Host");
  const problem = args.connection === undefined ? undefined : connectionProblem(args.connection);
  if (problem !== undefined) report("connection", problem);
  checkPath(args.path, report);
  checkMode(args.mode, report);
}

/** The inputs that reach the provider. */
export function placeInputs(args: Place): pulumi.Inputs {
  const connection: pulumi.Input<Connection> =
    args.host?.connection ?? prepareConnection(args.connection as pulumi.Input<Connection>, undefined);
  return { connection, path: args.path, mode: args.mode, owner: args.owner, group: args.group };
}

/** A resource of a host is its child, and comes after the folders that hold it. */
export function placeOptions(
  args: Place,
  options: pulumi.CustomResourceOptions,
): pulumi.CustomResourceOptions {
  const { host, path } = args;
  if (!host) return options;
  const folders = typeof path === "string" ? host.foldersAbove(path) : [];
  return pulumi.mergeOptions({ parent: host, dependsOn: folders }, options);
}
