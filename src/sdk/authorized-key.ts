/** A key that may log in as a user of a host. */
import * as pulumi from "@pulumi/pulumi";
import type { Placed } from "./connection.ts";
import { checkArgs, hostInputs, hostOptions } from "./on-host.ts";
import { AUTHORIZED_KEY } from "./shapes/authorized-key.ts";

export interface AuthorizedKeyArgs extends Placed {
  /** The user's name; with `user: app.name` of a `User` the key comes after it. */
  user: pulumi.Input<string>;
  /** As it stands in a `.pub` file. Another key is another line: the old one is removed. */
  key: pulumi.Input<string>;
  /** As authorized_keys(5) has them: `"restrict"`, `'command="/usr/local/bin/backup"'`. Default: none. */
  options?: pulumi.Input<pulumi.Input<string>[]>;
  /** Default: what follows the key; where nothing does, the line's comment is left alone. */
  comment?: pulumi.Input<string>;
}

/** A line in the user's ~/.ssh/authorized_keys, recognised by its key. Other lines are left as they are. */
export class AuthorizedKey extends pulumi.CustomResource {
  declare readonly user: pulumi.Output<string>;
  /** Type and key, without a comment. */
  declare readonly key: pulumi.Output<string>;
  /** As `ssh-keygen -l` shows it: `SHA256:…`. */
  declare readonly fingerprint: pulumi.Output<string>;

  constructor(name: string, args: AuthorizedKeyArgs, options: pulumi.CustomResourceOptions = {}) {
    checkArgs("AuthorizedKey", name, args, AUTHORIZED_KEY);
    const inputs = hostInputs(args, AUTHORIZED_KEY, ["fingerprint"]);
    super("holdfast:host:AuthorizedKey", name, inputs, hostOptions(args, options));
  }
}
