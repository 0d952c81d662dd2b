/** Something that is done once on a host, after others have changed. */
import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import type { Placed } from "./connection.ts";
import { reporter } from "./mistakes.ts";
import { checkArgs, hostInputs, hostOptions } from "./on-host.ts";
import { HANDLER, handlerMistakes } from "./shapes/handler.ts";
import { COMPONENT, hasComponent, itemsOf, resourcesOf, type Trigger } from "./triggers.ts";

/** One of `reload`, `restart` and `command` is given. */
export interface HandlerArgs extends Placed {
  /**
   * What it waits for: resources of the same host, and values. It comes after the resources, once for all of them,
   * and only where one of them changed; a file that was changed by hand and put back has changed as well.
   */
  when: Trigger[];
  /** A unit to reload. One that is stopped stays so; one that failed is started. */
  reload?: pulumi.Input<string>;
  /** A unit to restart. One that is stopped stays so; one that failed is started. */
  restart?: pulumi.Input<string>;
  /** A command of the host's shell. */
  command?: pulumi.Input<string>;
  /** A command that must succeed before, for example `"nginx -t"`. Otherwise nothing is done. */
  check?: pulumi.Input<string>;
  /** Seconds that each of them may take. Default 60. */
  within?: pulumi.Input<number>;
  /** What it is called on the host. Default: project, stack and the resource's name. */
  name?: pulumi.Input<string>;
}

/** Of names that may hold anything. Where something is left out, a digest tells names apart. */
function defaultName(name: string): string {
  const whole = `${pulumi.getProject()}.${pulumi.getStack()}.${name}`;
  const plain = whole.replaceAll(/[^A-Za-z0-9_.@:-]/g, "-").replace(/^[^A-Za-z0-9_]/, "_");
  if (plain === whole && plain.length <= 200) return plain;
  const digest = createHash("sha256").update(whole).digest("hex").slice(0, 8);
  return `${plain.slice(0, 190)}-${digest}`;
}

/**
 * Something that is done once on a host, after all of what it waits for, and only where that changed.
 *
 * ```ts
 * new Handler("reload-nginx", { host: frodo, reload: "nginx.service", check: "nginx -t", when: [site, headers] });
 * ```
 *
 * What it has taken up is noted on the host: a run that dies between a file and its reload leaves the reload due, and
 * the next run makes it good. A new handler runs once.
 */
export class Handler extends pulumi.CustomResource {
  declare readonly name: pulumi.Output<string>;

  constructor(name: string, args: HandlerArgs, options: pulumi.CustomResourceOptions = {}) {
    const report = reporter("Handler", name);
    if (typeof args !== "object" || args === null) report("args", "are missing");
    if (hasComponent(args.when)) report("when", COMPONENT);
    const all = { ...args, name: args.name ?? defaultName(name), when: itemsOf(args.when) };
    checkArgs("Handler", name, all, HANDLER);
    const [mistake] = handlerMistakes(all);
    if (mistake) report(...mistake);
    const after = { dependsOn: resourcesOf(args.when) };
    const own = pulumi.mergeOptions(hostOptions(args, options), after);
    super("holdfast:host:Handler", name, hostInputs(all, HANDLER), own);
  }
}
