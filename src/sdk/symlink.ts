/** A symlink on a host. */
import * as pulumi from "@pulumi/pulumi";
import type { Placed } from "./connection.ts";
import { checkArgs, hostInputs, hostOptions } from "./on-host.ts";
import { SYMLINK } from "./shapes/symlink.ts";

export interface SymlinkArgs extends Placed {
  /** Absolute path of the link. Another path is another resource: the old link is removed. */
  path: pulumi.Input<string>;
  /** Where it leads, as it is to be written: absolute, or from the link's folder. Nothing need be there. */
  target: pulumi.Input<string>;
}

/**
 * A symlink; missing folders above it are made. One that leads elsewhere is replaced as a whole, so that the path always
 * leads somewhere. A file or folder at this path is never replaced: the apply fails and says so.
 *
 * ```ts
 * new Symlink("current", { host: frodo, path: "/srv/app/current", target: "releases/1.4.2" });
 * ```
 */
export class Symlink extends pulumi.CustomResource {
  declare readonly path: pulumi.Output<string>;
  declare readonly target: pulumi.Output<string>;

  constructor(name: string, args: SymlinkArgs, options: pulumi.CustomResourceOptions = {}) {
    checkArgs("Symlink", name, args, SYMLINK);
    const placed = hostOptions(args, options, args.path);
    super("holdfast:host:Symlink", name, hostInputs(args, SYMLINK), placed);
  }
}
