/** Values that the tests of reports share. */
import { settings as plainSettings } from "../../support/engine-samples.ts";
import type { Change, Plan } from "../../../src/engine/ports/plan.ts";
import type { RunRecord, StackStatus } from "../../../src/engine/ports/records.ts";
import type { Revision } from "../../../src/engine/ports/source.ts";
import type { StackSettings } from "../../../src/engine/ports/stack.ts";

export const NOW = Date.UTC(2026, 10, 21, 3, 4, 5);
const MINUTE = 60_000;

export const revision: Revision = {
  sha: "1a2b3c4d5e6f7081920a1b2c3d4e5f6071829304",
  author: "Sam Gamgee",
  subject: "hosts: add motd",
  time: NOW - 10 * MINUTE,
};
export const newer: Revision = {
  ...revision,
  sha: "99887766554433221100ffeeddccbbaa99887766",
  author: "Ann",
};

export const settings: StackSettings = plainSettings();

export const statusOf = (more: Partial<StackStatus> = {}): StackStatus => ({
  stack: "hosts/frodo",
  attempted: revision,
  deployed: revision,
  deployedAt: NOW - 5 * MINUTE,
  checkedAt: NOW - 12_000,
  ranAt: NOW - 12_000,
  attempts: 0,
  drifted: false,
  unknown: [],
  lightChecks: 0,
  resources: 4,
  lastRun: "01run",
  references: [],
  ...more,
});

export const urnOf = (type: string, name: string, ...parents: string[]): string =>
  `urn:pulumi:frodo::hosts::${[...parents, type].join("$")}::${name}`;

export const FILE = "holdfast:host:File";
export const HOST = "holdfast:host:Host";

export const changeOf = (name: string, more: Partial<Change> = {}): Change => ({
  urn: urnOf(more.type ?? FILE, name, HOST),
  type: FILE,
  name,
  op: "update",
  paths: [],
  ...more,
});

export const planOf = (more: Partial<Plan> = {}): Plan => ({
  stack: "hosts/frodo",
  revision: revision.sha,
  stateVersion: 3,
  configHash: "c0ffee",
  drift: [],
  changes: [],
  unknown: [],
  resources: 4,
  digest: "d1935700",
  ...more,
});

export const runOf = (more: Partial<RunRecord> = {}): RunRecord => ({
  id: "01run",
  stack: "hosts/frodo",
  mode: "converge",
  trigger: "commit",
  revision,
  startedAt: NOW - 5 * MINUTE,
  endedAt: NOW - 5 * MINUTE + 830,
  outcome: "converged",
  ...more,
});
