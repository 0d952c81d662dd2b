/** What can be called over HTTP: each method of `Control`, its parameters checked, because they come from outside. */
import type { AskRun, Control, Unlock } from "../engine/ports/control.ts";
import type { RunMode } from "../engine/ports/records.ts";
import type { Adoption } from "../engine/ports/state.ts";

export type Params = Readonly<Record<string, unknown>>;
type Method = (control: Control, params: Params) => Promise<unknown>;

/** A parameter that is missing or of the wrong kind: the caller's mistake. */
export class BadParams extends Error {}

function text(params: Params, name: string): string {
  const value = params[name];
  if (typeof value !== "string" || value === "") throw new BadParams(`${name} must be a text`);
  return value;
}

function optionalText(params: Params, name: string): string | undefined {
  return params[name] === undefined ? undefined : text(params, name);
}

function texts(params: Params, name: string): readonly string[] {
  const value = params[name] ?? [];
  if (!Array.isArray(value) || !value.every(one => typeof one === "string"))
    throw new BadParams(`${name} must be a list of texts`);
  return value;
}

const MODES: readonly RunMode[] = ["converge", "check", "plan", "destroy"];

function mode(params: Params): RunMode {
  const found = MODES.find(one => one === params["mode"]);
  if (!found) throw new BadParams(`mode must be one of ${MODES.join(", ")}`);
  return found;
}

function askOf(params: Params): AskRun {
  const revision = optionalText(params, "revision");
  return {
    stacks: texts(params, "stacks"),
    mode: mode(params),
    by: text(params, "by"),
    ...(revision === undefined ? {} : { revision }),
    ...(params["first"] === true ? { first: true } : {}),
  };
}

/** More runs than this nobody reads at once. */
const MAX_RUNS = 1000;

function limit(params: Params): number | undefined {
  const value = params["limit"];
  if (value === undefined) return undefined;
  if (typeof value !== "number" || !Number.isInteger(value) || value < 1 || value > MAX_RUNS)
    throw new BadParams(`limit must be 1 to ${MAX_RUNS}`);
  return value;
}

function filter(params: Params): Parameters<Control["runs"]>[0] {
  const [stack, most] = [optionalText(params, "stack"), limit(params)];
  return { ...(stack === undefined ? {} : { stack }), ...(most === undefined ? {} : { limit: most }) };
}

function driftFilter(params: Params): Parameters<Control["drift"]>[0] {
  const stack = optionalText(params, "stack");
  return { ...(stack === undefined ? {} : { stack }), ...(params["open"] === true && { open: true }) };
}

function importOptions(params: Params): Parameters<Control["importState"]>[2] {
  const [from, by] = [optionalText(params, "from"), optionalText(params, "by")];
  return {
    ...(params["force"] === true && { force: true }),
    ...(from === undefined ? {} : { from }),
    ...(by === undefined ? {} : { by }),
  };
}

const NOT_ADOPTIONS = "adopt must be a list of objects with urn and id";

function adoptions(params: Params): readonly Adoption[] {
  const value = params["adopt"] ?? [];
  if (!Array.isArray(value)) throw new BadParams(NOT_ADOPTIONS);
  return value.map((one: unknown) => {
    if (typeof one !== "object" || one === null) throw new BadParams(NOT_ADOPTIONS);
    const pair: Params = { ...one };
    return { urn: text(pair, "urn"), id: text(pair, "id") };
  });
}

function unlockOf(params: Params): Unlock {
  return {
    stack: text(params, "stack"),
    by: text(params, "by"),
    force: params["force"] === true,
    forget: texts(params, "forget"),
    adopt: adoptions(params),
  };
}

export const methods: Readonly<Record<keyof Control, Method>> = {
  overview: control => control.overview(),
  runs: (control, params) => control.runs(filter(params)),
  run: (control, params) => control.run(text(params, "id")),
  drift: (control, params) => control.drift(driftFilter(params)),
  poll: control => control.poll(),
  ask: (control, params) => control.ask(askOf(params)),
  approve: (control, params) => control.approve(text(params, "run"), text(params, "by")),
  pause: (control, params) => control.pause(text(params, "stack"), text(params, "why"), text(params, "by")),
  resume: (control, params) => control.resume(text(params, "stack")),
  acceptRewrite: (control, params) => control.acceptRewrite(text(params, "sha")),
  lock: (control, params) => control.lock(text(params, "stack")),
  unlock: (control, params) => control.unlock(unlockOf(params)),
  rotateKeys: (control, params) =>
    control.rotateKeys({
      to: texts(params, "to"),
      wrapOnly: params["wrapOnly"] === true,
      by: text(params, "by"),
    }),
  exportState: (control, params) => control.exportState(text(params, "stack")),
  importState: (control, params) =>
    control.importState(text(params, "stack"), params["deployment"], importOptions(params)),
};

export const isMethod = (name: string): name is keyof Control => Object.hasOwn(methods, name);
