/** A unit of systemd on a host. */
import * as pulumi from "@pulumi/pulumi";
import type { Placed } from "./connection.ts";
import { reporter } from "./mistakes.ts";
import { checkArgs, hostInputs, hostOptions } from "./on-host.ts";
import { UNIT, unitMistakes } from "./shapes/unit.ts";
import { COMPONENT, hasComponent, itemsOf, resourcesOf, type Trigger } from "./triggers.ts";

/** When a unit that was started, restarted or reloaded counts as healthy. */
export interface UnitHealth {
  /** Seconds in which it must be active, and its command succeed. Default 30. */
  within?: pulumi.Input<number>;
  /** Seconds that it must stay active, without a restart of its own. Default 1. */
  stableFor?: pulumi.Input<number>;
  /** A command of the host's shell that must succeed, for example `"curl -fsS http://localhost:8080/health"`. */
  command?: pulumi.Input<string>;
}

export interface SystemdUnitArgs extends Placed {
  /** With its suffix: `"app.service"`, `"app@1.service"`; `"app@.service"` is the template of instances. */
  name: pulumi.Input<string>;
  /** The unit's text, for /etc/systemd/system. Not given: a unit that a package brought. */
  content?: pulumi.Input<string>;
  /** Texts by file name, for /etc/systemd/system/NAME.d: `{ "limits.conf": "[Service]\nLimitNOFILE=4096\n" }`. */
  dropIns?: pulumi.Input<Record<string, pulumi.Input<string>>>;
  /** Whether it starts with the host. Left alone where it is not given. */
  enabled?: pulumi.Input<boolean>;
  /** Whether it runs. Left alone where it is not given; one that runs takes changes up all the same. */
  running?: pulumi.Input<boolean>;
  /** Whether it cannot be started at all. Default false: a mask by hand is drift. */
  masked?: pulumi.Input<boolean>;
  /** It is restarted once, where one of these resources or values changed. */
  restartOn?: Trigger[];
  /** It is reloaded once, where one of these changed and no restart is due. */
  reloadOn?: Trigger[];
  /** Where it is not healthy after a change of its files, the former ones come back. */
  health?: pulumi.Input<UnitHealth>;
  /** Whether `systemd-analyze verify` judges the files before they replace others. Default true. */
  verify?: pulumi.Input<boolean>;
}

/**
 * A unit of systemd: its file, its drop-ins, and whether it is enabled and running. It is restarted where its files
 * changed. What does not stay up is told with the journal's last lines, and the former files come back.
 *
 * ```ts
 * new SystemdUnit("app", { host: frodo, name: "app.service", content, enabled: true, running: true, restartOn: [settings] });
 * ```
 */
export class SystemdUnit extends pulumi.CustomResource {
  declare readonly name: pulumi.Output<string>;
  declare readonly content: pulumi.Output<string | undefined>;
  declare readonly dropIns: pulumi.Output<Record<string, string> | undefined>;
  declare readonly enabled: pulumi.Output<boolean | undefined>;
  declare readonly running: pulumi.Output<boolean | undefined>;
  declare readonly masked: pulumi.Output<boolean>;

  constructor(name: string, args: SystemdUnitArgs, options: pulumi.CustomResourceOptions = {}) {
    const report = reporter("SystemdUnit", name);
    if (typeof args !== "object" || args === null) report("args", "are missing");
    const { restartOn, reloadOn } = args;
    if (hasComponent(restartOn)) report("restartOn", COMPONENT);
    if (hasComponent(reloadOn)) report("reloadOn", COMPONENT);
    const all = { ...args, restartOn: itemsOf(restartOn), reloadOn: itemsOf(reloadOn) };
    checkArgs("SystemdUnit", name, all, UNIT);
    const [mistake] = unitMistakes({ ...all });
    if (mistake) report(...mistake);
    const after = { dependsOn: resourcesOf(restartOn, reloadOn) };
    const own = pulumi.mergeOptions(hostOptions(args, options), after);
    super("holdfast:host:SystemdUnit", name, hostInputs(all, UNIT), own);
  }
}
