/** A group of a host. */
import * as pulumi from "@pulumi/pulumi";
import type { Placed } from "./connection.ts";
import { checkArgs, hostInputs, hostOptions } from "./on-host.ts";
import { GROUP } from "./shapes/group.ts";

export interface GroupArgs extends Placed {
  /** Another name is another group: the old one is removed. */
  name: pulumi.Input<string>;
  /** Default: the next free number, which stays as it is. */
  gid?: pulumi.Input<number>;
  /** Whether a new group gets a number of those for services. Default false. */
  system?: pulumi.Input<boolean>;
}

/** A group of the host's own (/etc/group). One that is there already is taken over, members and all. */
export class Group extends pulumi.CustomResource {
  declare readonly name: pulumi.Output<string>;
  declare readonly gid: pulumi.Output<number>;

  constructor(name: string, args: GroupArgs, options: pulumi.CustomResourceOptions = {}) {
    checkArgs("Group", name, args, GROUP);
    super("holdfast:host:Group", name, hostInputs(args, GROUP), hostOptions(args, options));
  }
}
