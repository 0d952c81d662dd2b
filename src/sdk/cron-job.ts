/** Something that a host does at certain times, under cron. */
import * as pulumi from "@pulumi/pulumi";
import type { Placed } from "./connection.ts";
import { checkArgs, hostInputs, hostOptions } from "./on-host.ts";
import { CRON_JOB } from "./shapes/cron.ts";

export interface CronJobArgs extends Placed {
  /** The file's name in /etc/cron.d: letters, digits, `_` and `-`. Default: the resource's name. */
  name?: pulumi.Input<string>;
  /** Five fields, or `@daily` and the like: `"15 3 * * mon-fri"`. */
  schedule: pulumi.Input<string>;
  /** Who runs it. */
  user: pulumi.Input<string>;
  /** One line for cron's shell. Percent signs are what they are: cron's meaning of them is taken away. */
  command: pulumi.Input<string>;
  /** For example `{ MAILTO: "", PATH: "/usr/local/bin:/usr/bin:/bin" }`. */
  environment?: pulumi.Input<Record<string, pulumi.Input<string>>>;
  /** Of the file. Default `"0644"`, and `"0600"` where something of it is secret. */
  mode?: pulumi.Input<string>;
}

/**
 * A job of cron, in a file of its own in /etc/cron.d.
 *
 * ```ts
 * new CronJob("backup", { host: frodo, schedule: "15 3 * * *", user: "root", command: "/usr/local/bin/backup" });
 * ```
 */
export class CronJob extends pulumi.CustomResource {
  declare readonly name: pulumi.Output<string>;
  declare readonly schedule: pulumi.Output<string>;
  declare readonly user: pulumi.Output<string>;
  declare readonly command: pulumi.Output<string>;
  /** Where its file is. */
  declare readonly path: pulumi.Output<string>;

  constructor(name: string, args: CronJobArgs, options: pulumi.CustomResourceOptions = {}) {
    const all = typeof args === "object" && args !== null ? { ...args, name: args.name ?? name } : args;
    checkArgs("CronJob", name, all, CRON_JOB);
    super("holdfast:host:CronJob", name, hostInputs(all, CRON_JOB, ["path"]), hostOptions(args, options));
  }
}
