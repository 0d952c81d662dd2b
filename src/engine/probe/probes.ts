/** Sends the probe out, and asks for a run where it found something. It never writes and never decides. */
import type { Board } from "../board.ts";
import type { Head } from "../head.ts";
import type { ProbeReport, ProbeTarget } from "../ports/probe.ts";
import type { StackStatus } from "../ports/records.ts";
import type { StackDefinition, StackName } from "../ports/stack.ts";
import type { RunWorld } from "../run.ts";
import type { Findings } from "./findings.ts";
import { mayProbe, planSweeps, probeEvery, type Sweeps } from "./schedule.ts";

export interface ProbeWorld {
  readonly world: Pick<RunWorld, "providers" | "state" | "care" | "clock" | "emit">;
  readonly head: Head;
  readonly board: Board;
  readonly findings: Findings;
  readonly isActive: (stack: StackName) => boolean;
  /** Somebody wants a run now. */
  readonly onFound: () => void;
  /** Where holdfast.yaml says nothing. */
  readonly byDefault: number | "off";
}

export interface Probes {
  /** Begins the looks that are due; they go on by themselves. Called once a second. */
  tick(): void;
}

/** A stack as the probe goes out to it. */
interface Subject {
  readonly definition: StackDefinition;
  readonly target: ProbeTarget;
  /** Another one by the time of the report: a run has looked meanwhile, and the report is of the past. */
  readonly status: StackStatus | undefined;
}

/** Nobody is looked at twice at a time: one whose host hangs waits for its deadline. */
type UnderWay = Set<StackName>;

async function subjects(every: number, parts: ProbeWorld, underWay: UnderWay): Promise<readonly Subject[]> {
  const { world, head, board, isActive, byDefault } = parts;
  const [leases, states] = await Promise.all([world.state.leases(), world.state.stacks()]);
  const held = new Set(leases.map(({ stack }) => stack));
  const versions = new Map(states.map(({ name, version }) => [name, version]));
  return (head.current()?.estate.stacks ?? []).flatMap(definition => {
    const { name } = definition;
    const version = versions.get(name) ?? 0;
    const status = board.status(name);
    const busy = isActive(name) || held.has(name) || underWay.has(name);
    const now = { status, busy, paused: board.pause(name) !== undefined };
    if (version === 0 || probeEvery(definition, byDefault) !== every || !mayProbe(now)) return [];
    const resources = () => world.state.resources(name, { openSecrets: true });
    return [{ definition, target: { stack: name, version, resources }, status }];
  });
}

function hear(report: ProbeReport, { definition, status }: Subject, every: number, parts: ProbeWorld): void {
  const { world, board, findings, isActive, onFound } = parts;
  const { stack, differences } = report;
  if (isActive(stack) || board.status(stack) !== status || board.pause(stack)) return;
  const now = world.clock.now();
  const rhythm = { now, every, checked: definition.settings.drift.every };
  if (!findings.seen(stack, differences, rhythm)) return;
  world.emit({ type: "probe-found", stack, differences, at: now });
  onFound();
}

async function sweep(every: number, parts: ProbeWorld, underWay: UnderWay): Promise<void> {
  const { clock, emit, providers } = parts.world;
  const started = clock.now();
  const all = await subjects(every, parts, underWay);
  if (all.length === 0) return;
  const byName = new Map(all.map(one => [one.target.stack, one]));
  const reports = new Map<StackName, ProbeReport>();
  for (const name of byName.keys()) underWay.add(name);
  try {
    await providers.probe(
      all.map(({ target }) => target),
      report => {
        const subject = byName.get(report.stack);
        underWay.delete(report.stack);
        reports.set(report.stack, report);
        if (subject) hear(report, subject, every, parts);
      },
    );
  } finally {
    for (const name of byName.keys()) underWay.delete(name);
  }
  emit({
    type: "probed",
    every,
    ms: clock.now() - started,
    ...summary([...reports.values()]),
    at: clock.now(),
  });
}

function summary(reports: readonly ProbeReport[]) {
  const silent = new Map(
    reports.flatMap(report => report.silent.map(({ host, why }) => [host, why] as const)),
  );
  return {
    stacks: reports.length,
    resources: reports.reduce((sum, { watched }) => sum + watched, 0),
    differing: reports.filter(({ differences }) => differences.length > 0).length,
    silent: [...silent].map(([host, why]) => ({ host, why })),
  };
}

export function createProbes(parts: ProbeWorld): Probes {
  const { world, head, byDefault } = parts;
  const { clock, care, emit } = world;
  const underWay: UnderWay = new Set();
  let sweeps: Sweeps = new Map();
  const failed = (error: unknown): void =>
    emit({ type: "message", level: "error", text: `the probe failed: ${String(error)}`, at: clock.now() });
  return {
    tick() {
      if (care.halted()) return;
      const stacks = head.current()?.estate.stacks ?? [];
      const intervals = new Set(stacks.flatMap(stack => probeEvery(stack, byDefault) ?? []));
      const next = planSweeps(sweeps, intervals, { now: clock.now(), random: () => clock.random() });
      ({ sweeps } = next);
      for (const every of next.due) sweep(every, parts, underWay).catch(failed);
    },
  };
}
