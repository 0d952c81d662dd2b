/** Where a file or folder is and whose it is. */
import type * as pulumi from "@pulumi/pulumi";
import type { Placed } from "./connection.ts";

export interface Place extends Placed {
  /** Absolute path on the host. Another path is another resource: the old one is removed. */
  path: pulumi.Input<string>;
  /** Permission bits as octal digits, for example `"0644"`. Left alone where it is not given. */
  mode?: pulumi.Input<string>;
  /** Name or number, as a text. Left alone where it is not given. */
  owner?: pulumi.Input<string>;
  group?: pulumi.Input<string>;
}
