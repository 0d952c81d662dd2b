/** Something that a host does at certain times, under systemd. */
import * as pulumi from "@pulumi/pulumi";
import type { Placed } from "./connection.ts";
import { checkArgs, hostInputs, hostOptions } from "./on-host.ts";
import { TIMER } from "./shapes/timer.ts";

export interface TimerArgs extends Placed {
  /** What its two units are called, without suffix: `"backup"` makes backup.timer and backup.service. Default: the resource's name. */
  name?: pulumi.Input<string>;
  /** One or more calendar events of systemd, for example `"Mon *-*-* 03:15"` or `"daily"`. */
  schedule: pulumi.Input<string> | pulumi.Input<pulumi.Input<string>[]>;
  /** A command of the shell: one line or a script. */
  command: pulumi.Input<string>;
  /** Default: the name. */
  description?: pulumi.Input<string>;
  /** Who runs it. Default root. */
  user?: pulumi.Input<string>;
  workingDirectory?: pulumi.Input<string>;
  /** Secrets among it stay secret: they are in a file that root alone reads. */
  environment?: pulumi.Input<Record<string, pulumi.Input<string>>>;
  /** Whether what was missed while the host was off is made good at its start. Default false. */
  persistent?: pulumi.Input<boolean>;
  /** At most so much later, by chance: `"5min"`. Default none. */
  randomizedDelay?: pulumi.Input<string>;
  /** How much it may be late, so that wake-ups come together. systemd's default is a minute. */
  accuracy?: pulumi.Input<string>;
  /** How long one run may take: `"1h"`. Default: as long as it takes. */
  timeout?: pulumi.Input<string>;
  /** Whether it is waiting for its time, now and after the next start. Default true. */
  enabled?: pulumi.Input<boolean>;
}

/**
 * A timer of systemd with the service that it starts.
 *
 * ```ts
 * new Timer("backup", { host: frodo, schedule: "*-*-* 03:15", command: "/usr/local/bin/backup", persistent: true });
 * ```
 */
export class Timer extends pulumi.CustomResource {
  declare readonly name: pulumi.Output<string>;
  declare readonly schedule: pulumi.Output<string | string[]>;
  declare readonly command: pulumi.Output<string>;

  constructor(name: string, args: TimerArgs, options: pulumi.CustomResourceOptions = {}) {
    const all = typeof args === "object" && args !== null ? { ...args, name: args.name ?? name } : args;
    checkArgs("Timer", name, all, TIMER);
    super("holdfast:host:Timer", name, hostInputs(all, TIMER), hostOptions(args, options));
  }
}
