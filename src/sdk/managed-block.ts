/** A marked block in a file that others own too. */
import * as pulumi from "@pulumi/pulumi";
import type { Placed } from "./connection.ts";
import { reporter } from "./mistakes.ts";
import { checkArgs, hostInputs, hostOptions } from "./on-host.ts";
import { MANAGED_BLOCK } from "./shapes/managed-block.ts";

export interface ManagedBlockArgs extends Placed {
  /** Absolute path of the file. A symlink is not followed: give the file that it leads to. */
  path: pulumi.Input<string>;
  /** The block's name in the file. Another path, name or comment is another block: the old one is removed. */
  marker: pulumi.Input<string>;
  /** The lines of the block. A secret stays one; who may read the file may read it. */
  content: pulumi.Input<string>;
  /** What a comment begins with in this file. Default `"#"`. */
  comment?: pulumi.Input<string>;
  /** What a comment ends with, where it needs that: `"-->"`, `"*" + "/"`. */
  commentEnd?: pulumi.Input<string>;
  /** Where a new block goes. Default `"end"`. One that is there stays where it is. */
  at?: pulumi.Input<"start" | "end">;
  /** Instead of `at`: right before the first line that is this one. Without such a line the apply fails. */
  before?: pulumi.Input<string>;
  /** Instead of `at`: right after the first line that is this one. */
  after?: pulumi.Input<string>;
  /** Whether a missing file is made; a mode instead of `true` is that of the new file. Default false: the apply fails. */
  create?: pulumi.Input<boolean | string>;
  /** A command of the host that looks at the file with the block in it before it is in place: `"sshd -t -f %s"` (see File). */
  validate?: pulumi.Input<string>;
}

/**
 * Some lines between two marks, in a file that others write too; the rest of the file stays as it is, byte for byte.
 * Blocks of other names, also of other stacks, may be in the same file and change at the same time.
 *
 * ```ts
 * new ManagedBlock("hosts", { host: frodo, path: "/etc/hosts", marker: "app", content: "10.0.0.7 database\n" });
 * ```
 *
 * writes
 *
 * ```text
 * # BEGIN holdfast: app
 * 10.0.0.7 database
 * # END holdfast: app
 * ```
 */
export class ManagedBlock extends pulumi.CustomResource {
  declare readonly path: pulumi.Output<string>;
  declare readonly marker: pulumi.Output<string>;
  declare readonly content: pulumi.Output<string>;

  constructor(name: string, args: ManagedBlockArgs, options: pulumi.CustomResourceOptions = {}) {
    checkArgs("ManagedBlock", name, args, MANAGED_BLOCK);
    const [first, second] = (["at", "before", "after"] as const).filter(key => args[key] !== undefined);
    if (second !== undefined)
      reporter("ManagedBlock", name)(second, `and ${first} are both given; one of them is enough`);
    const placed = hostOptions(args, options, args.path);
    super("holdfast:host:ManagedBlock", name, hostInputs(args, MANAGED_BLOCK), placed);
  }
}
