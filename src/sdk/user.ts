/** A user of a host. */
import * as pulumi from "@pulumi/pulumi";
import type { Placed } from "./connection.ts";
import { checkArgs, hostInputs, hostOptions } from "./on-host.ts";
import { USER } from "./shapes/user.ts";

export interface UserArgs extends Placed {
  /** Another name is another user: the old one is removed. */
  name: pulumi.Input<string>;
  /** Default: the next free number, which stays as it is. */
  uid?: pulumi.Input<number>;
  /** The primary group: a name, or a number as text. Default for a new user: a group of its own name. */
  group?: pulumi.Input<string>;
  /** All other groups that it is a member of. Left alone where it is not given. */
  groups?: pulumi.Input<pulumi.Input<string>[]>;
  /** Whether it stays in groups that `groups` does not name. Default false. */
  keepOtherGroups?: pulumi.Input<boolean>;
  /** Default for a new user: /home/NAME. */
  home?: pulumi.Input<string>;
  /**
   * Whether the home folder is to be there; a new one gets what is in /etc/skel. Default: a new user gets one, unless
   * `system`, and nobody looks at it later.
   */
  createHome?: pulumi.Input<boolean>;
  /** Default for a new user: the host's (/bin/sh on Debian). */
  shell?: pulumi.Input<string>;
  /** Full name, or what the user is for. */
  comment?: pulumi.Input<string>;
  /** Whether a new user is one for services: a number of theirs, no home folder. Default false. */
  system?: pulumi.Input<boolean>;
  /** A hash as `openssl passwd -6` or `mkpasswd` writes it, always kept as a secret. A new user has no password. */
  password?: pulumi.Input<string>;
  /** Whether it may not log in in any way, with keys neither. Left alone where it is not given. */
  locked?: pulumi.Input<boolean>;
  /** Whether its home folder and mail go with it when it is removed. Default false. */
  removeHome?: pulumi.Input<boolean>;
  /** Whether its processes are ended when it is removed. Default false: as long as it has some, it stays. */
  endProcesses?: pulumi.Input<boolean>;
}

/** A user of the host's own (/etc/passwd). One that is there already is taken over; only what is given is changed. */
export class User extends pulumi.CustomResource {
  declare readonly name: pulumi.Output<string>;
  declare readonly uid: pulumi.Output<number>;
  /** Number of the primary group. */
  declare readonly gid: pulumi.Output<number>;
  declare readonly home: pulumi.Output<string>;
  declare readonly shell: pulumi.Output<string>;

  constructor(name: string, args: UserArgs, options: pulumi.CustomResourceOptions = {}) {
    checkArgs("User", name, args, USER);
    const { password } = args;
    const inputs = {
      ...hostInputs(args, USER, ["gid"]),
      ...(password !== undefined && { password: pulumi.secret(password) }),
    };
    super("holdfast:host:User", name, inputs, hostOptions(args, options));
  }
}
