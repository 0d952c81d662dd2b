/** A folder on a host. */
import * as pulumi from "@pulumi/pulumi";
import { checkArgs, hostInputs, hostOptions } from "./on-host.ts";
import type { Place } from "./placement.ts";
import { PLACE } from "./shapes/place.ts";

/** `mode` of a new folder is 0755 where it is not given. */
export type DirectoryArgs = Place;

/**
 * A folder, with what is missing above it. What others put into it is not looked at; on delete it is removed if it
 * is empty, and stays otherwise. Files and folders of the same `Host` below it, declared after it, come after it.
 */
export class Directory extends pulumi.CustomResource {
  declare readonly path: pulumi.Output<string>;
  declare readonly mode: pulumi.Output<string | undefined>;
  declare readonly owner: pulumi.Output<string | undefined>;
  declare readonly group: pulumi.Output<string | undefined>;

  constructor(name: string, args: DirectoryArgs, options: pulumi.CustomResourceOptions = {}) {
    checkArgs("Directory", name, args, PLACE);
    const placed = hostOptions(args, options, args.path);
    super("holdfast:host:Directory", name, hostInputs(args, PLACE), placed);
    if (args.host && typeof args.path === "string") args.host.addFolder(args.path, this);
  }
}
