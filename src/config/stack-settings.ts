/** From the patterns of holdfast.yaml to the settings of one stack: defaults, then each matching pattern in order. */
import path from "node:path";
import picomatch from "picomatch";
import type { StackSettings } from "../engine/ports/stack.ts";
import type { StackEntry } from "./holdfast-schema.ts";

/** What holds where holdfast.yaml says nothing. Limits have no default here: the gate's depends on the stack's size. */
export const DEFAULT_SETTINGS: StackSettings = {
  managed: false,
  interval: 30_000,
  drift: { every: 600_000, action: "correct" },
  dependsOn: [],
  secrets: [],
  env: {},
  approval: "none",
  limits: {},
  protect: [],
  windows: [],
  ignoreDrift: [],
  firstApply: "ask",
  prune: false,
  timeout: 1_800_000,
};

/** Whether `pattern` means stacks `<project>/<stack>`; `*` alone means all of them. */
export const isPattern = (pattern: string): boolean => pattern === "*" || /^[^/]+\/[^/]+$/.test(pattern);

/** No extended globs and no negation: what a pattern matches should be plain, and its cost bounded. */
export function stackMatcher(pattern: string): (name: string) => boolean {
  if (pattern === "*") return () => true;
  const match = picomatch(pattern, { dot: true, noextglob: true, nonegate: true, strictSlashes: true });
  // picomatch's own function answers an object (always true) when a second argument reaches it.
  return name => match(name);
}

/** Lays `over` on `under`, key by key; within drift, limits and env too. Lists are taken whole. */
function lay(under: StackSettings, over: StackEntry): StackSettings {
  const { drift, limits, env, host: _host, secrets, ...rest } = over;
  return {
    ...under,
    ...rest,
    // As commits name them: `./secrets/a.yaml` is `secrets/a.yaml`.
    ...(secrets && { secrets: secrets.map(file => path.posix.join(file)) }),
    managed: true,
    drift: { ...under.drift, ...drift },
    limits: { ...under.limits, ...limits },
    env: { ...under.env, ...env },
  };
}

/** What holdfast.yaml says under one pattern. */
export interface StackRule {
  readonly pattern: string;
  readonly matches: (name: string) => boolean;
  readonly entry: StackEntry;
}

/** In the order of the file; patterns are compiled once for all stacks. */
export const stackRules = (stacks: Readonly<Record<string, StackEntry>> | undefined): StackRule[] =>
  Object.entries(stacks ?? {}).map(([pattern, entry]) => ({
    pattern,
    matches: stackMatcher(pattern),
    entry,
  }));

export const settingsOf = (name: string, rules: readonly StackRule[]): StackSettings =>
  rules
    .filter(({ matches }) => matches(name))
    .reduce((settings, { entry }) => lay(settings, entry), DEFAULT_SETTINGS);
