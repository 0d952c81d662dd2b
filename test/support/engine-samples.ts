/** Small sample values of the engine's vocabulary, for tests of its decisions. */
import type { Change, Plan } from "../../src/engine/ports/plan.ts";
import type { StackStatus } from "../../src/engine/ports/records.ts";
import type { Revision } from "../../src/engine/ports/source.ts";
import type { StackDefinition, StackSettings } from "../../src/engine/ports/stack.ts";
import { makePlan } from "../../src/engine/plan.ts";
import { newStatus } from "../../src/engine/outcome.ts";

export const MINUTE = 60_000;
/** Wednesday, 2026-11-18 12:00 UTC. */
export const NOON = Date.UTC(2026, 10, 18, 12);

export const settings = (more: Partial<StackSettings> = {}): StackSettings => ({
  managed: true,
  interval: 30_000,
  drift: { every: 10 * MINUTE, action: "correct" },
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
  timeout: 30 * MINUTE,
  ...more,
});

export const stack = (name: string, more: Partial<StackSettings> = {}): StackDefinition => {
  const [project = "", short = ""] = name.split("/");
  return { name, project, stack: short, folder: project, runtime: "nodejs", settings: settings(more) };
};

export const revision = (sha: string): Revision => ({
  sha,
  author: "Ada",
  subject: `commit ${sha}`,
  time: NOON,
});

export const change = (name: string, op: Change["op"], more: Partial<Change> = {}): Change => ({
  urn: `urn:pulumi:frodo::hosts::holdfast:host:File::${name}`,
  type: "holdfast:host:File",
  name,
  op,
  paths: [],
  ...more,
});

export const plan = (more: Partial<Omit<Plan, "digest">> = {}): Plan =>
  makePlan({
    stack: "hosts/frodo",
    revision: "c1",
    stateVersion: 3,
    configHash: "k",
    drift: [],
    changes: [],
    unknown: [],
    resources: 20,
    ...more,
  });

export const status = (name: string, more: Partial<StackStatus> = {}): StackStatus => ({
  ...newStatus(name),
  ...more,
});

export const many = (count: number, op: Change["op"]): Change[] =>
  Array.from({ length: count }, (_, index) => change(`f${index}`, op));
