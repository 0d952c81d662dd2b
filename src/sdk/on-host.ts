/** What every resource on a host shares: how the host is reached, what is checked at once, and what must come first. */
import * as pulumi from "@pulumi/pulumi";
import { connectionInput, connectionProblem, type Connection, type Placed } from "./connection.ts";
import { Host } from "./host.ts";
import { reporter, type Report } from "./mistakes.ts";
import { flawsOf, type Shape } from "./shapes/shape.ts";
import { VERSION } from "./version.ts";

/** Outputs and promises are checked by the provider, once they are known. */
const isLater = (value: unknown): boolean => pulumi.Output.isInstance(value) || value instanceof Promise;

function checkHost({ host, connection }: Placed, report: Report): void {
  if (host !== undefined && connection !== undefined)
    report("connection", "and host are both given; one of them is enough");
  if (host === undefined && connection === undefined)
    report("host", "is missing: give a Host, or a connection");
  if (host !== undefined && !(host instanceof Host)) report("host", "must be a Host");
  const problem = connection === undefined ? undefined : connectionProblem(connection);
  if (problem !== undefined) report("connection", problem);
}

/** Throws at the first mistake that can be seen before anything runs. `besides`: what the constructor itself checks. */
export function checkArgs(
  type: string,
  name: string,
  args: Placed,
  shape: Shape,
  besides: readonly string[] = [],
): void {
  const report = reporter(type, name);
  if (typeof args !== "object" || args === null) report("args", "are missing");
  checkHost(args, report);
  const [flaw] = flawsOf(shape, { ...args }, isLater, ["host", "connection", ...besides]);
  if (flaw) report(flaw.at, flaw.reason);
}

/** The inputs that reach the provider: what the shape names, and the connection. */
export function hostInputs(args: Placed, shape: Shape, outputs: readonly string[] = []): pulumi.Inputs {
  const given: Readonly<Record<string, unknown>> = { ...args };
  const connection: pulumi.Input<Connection> =
    args.host?.connectionInput() ?? connectionInput(args.connection as pulumi.Input<Connection>);
  const inputs: pulumi.Inputs = { connection };
  for (const key of Object.keys(shape)) inputs[key] = given[key];
  for (const key of outputs) inputs[key] = undefined;
  return inputs;
}

/** A resource of a host is its child, and comes after the folders that hold `path`. */
export function hostOptions(
  { host }: Placed,
  options: pulumi.CustomResourceOptions,
  path?: unknown,
): pulumi.CustomResourceOptions {
  const own = { version: VERSION, ...options };
  if (!host) return own;
  const folders = typeof path === "string" ? host.foldersAbove(path) : [];
  return pulumi.mergeOptions({ parent: host, dependsOn: folders }, own);
}
