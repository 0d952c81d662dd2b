/** Sends the probe out, and asks for a run where it found something. It never writes and never decides. */
import type { Board } from "../board.ts";
import type { Head } from "../head.ts";
import type { Heard, ProbeReport, ProbeTarget } from "../ports/probe.ts";
import type { StackStatus } from "../ports/records.ts";
import type { StackDefinition, StackName } from "../ports/stack.ts";
import type { RunWorld } from "../run.ts";
import type { Findings } from "./findings.ts";
import { mayProbe, planSweeps, probeEvery, rhythmOf, type Sweeps } from "./schedule.ts";
import { createWatching, type Watching } from "./watching.ts";

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

/** Whoever could not be asked when he had told is asked once more; the prober spares hosts that are dead for longer. */
const SILENT_AGAIN_MS = 30_000;

/** A stack as the probe goes out to it. */
interface Subject {
  readonly definition: StackDefinition;
  readonly target: ProbeTarget;
  /** Another one by the time of the report: a run has looked meanwhile, and the report is of the past. */
  readonly status: StackStatus | undefined;
}

/** Nobody is looked at twice at a time: one whose host hangs waits for its deadline. */
type UnderWay = Set<StackName>;

interface Looks extends ProbeWorld {
  readonly underWay: UnderWay;
  readonly watching: Watching;
}

type IsMeant = (definition: StackDefinition) => boolean;

async function subjects(isMeant: IsMeant, parts: Looks): Promise<readonly Subject[]> {
  const { world, head, board, isActive, underWay } = parts;
  const [leases, states] = await Promise.all([world.state.leases(), world.state.stacks()]);
  const held = new Set(leases.map(({ stack }) => stack));
  const versions = new Map(states.map(({ name, version }) => [name, version]));
  return (head.current()?.estate.stacks ?? []).flatMap(definition => {
    const { name } = definition;
    const version = versions.get(name) ?? 0;
    const status = board.status(name);
    const busy = isActive(name) || held.has(name) || underWay.has(name);
    const now = { status, busy, paused: board.pause(name) !== undefined };
    if (version === 0 || !isMeant(definition) || !mayProbe(now)) return [];
    const resources = () => world.state.resources(name, { openSecrets: true });
    return [{ definition, target: { stack: name, version, resources }, status }];
  });
}

function hear(report: ProbeReport, { definition, status }: Subject, parts: Looks): void {
  const { world, board, findings, isActive, onFound, byDefault, watching } = parts;
  const { stack, differences } = report;
  if (isActive(stack) || board.status(stack) !== status || board.pause(stack)) return;
  const now = world.clock.now();
  if (report.silent.length > 0) watching.again(stack, now + SILENT_AGAIN_MS);
  const rhythm = rhythmOf(definition, byDefault, now);
  if (!findings.seen(stack, differences, rhythm)) {
    const again = differences.length > 0 ? findings.againAt(stack, rhythm) : undefined;
    return again === undefined ? undefined : watching.again(stack, again);
  }
  world.emit({ type: "probe-found", stack, differences, at: now });
  onFound();
}

/** Undefined: at nobody. */
async function look(isMeant: IsMeant, parts: Looks): Promise<readonly ProbeReport[] | undefined> {
  const { underWay, watching, world } = parts;
  const all = await subjects(isMeant, parts);
  if (all.length === 0) return undefined;
  const byName = new Map(all.map(one => [one.target.stack, one]));
  const reports = new Map<StackName, ProbeReport>();
  for (const name of byName.keys()) {
    underWay.add(name);
    watching.begun(name);
  }
  try {
    await world.providers.probe(
      all.map(({ target }) => target),
      report => {
        const subject = byName.get(report.stack);
        underWay.delete(report.stack);
        reports.set(report.stack, report);
        if (subject) hear(report, subject, parts);
      },
    );
  } finally {
    for (const name of byName.keys()) underWay.delete(name);
  }
  return [...reports.values()];
}

async function sweep(every: number, parts: Looks): Promise<void> {
  const { clock, emit } = parts.world;
  const started = clock.now();
  const reports = await look(definition => probeEvery(definition, parts.byDefault) === every, parts);
  if (!reports) return;
  emit({ type: "probed", every, ms: clock.now() - started, ...summary(reports), at: clock.now() });
}

/** Listens to the hosts of those that want it; answers whose look is due before its time. */
function follow(stacks: readonly StackDefinition[], parts: Looks, heard: Heard): ReadonlySet<StackName> {
  const { world, board, isActive, underWay, watching } = parts;
  const isWatched = ({ name, settings }: StackDefinition): boolean =>
    settings.drift.watch === true &&
    // Its own word. Where the daemon's settings say that nobody looks unless told to, this tells it to.
    settings.drift.probe !== "off" &&
    board.status(name)?.deployed !== undefined &&
    board.pause(name) === undefined;
  const names = stacks.filter(isWatched).map(({ name }) => name);
  const others = watching.update(names.map(name => ({ name, status: board.status(name) })));
  if (others) world.providers.watch(names, heard);
  const mayLook = (name: StackName): boolean =>
    mayProbe({ status: board.status(name), paused: false, busy: isActive(name) || underWay.has(name) });
  return new Set(names.filter(name => watching.isDue(name, world.clock.now()) && mayLook(name)));
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

export function createProbes(given: ProbeWorld): Probes {
  const { world, head, byDefault } = given;
  const { clock, care, emit } = world;
  const parts: Looks = { ...given, underWay: new Set(), watching: createWatching() };
  let sweeps: Sweeps = new Map();
  const failed = (error: unknown): void =>
    emit({ type: "message", level: "error", text: `the probe failed: ${String(error)}`, at: clock.now() });
  const stacksNow = (): readonly StackDefinition[] => head.current()?.estate.stacks ?? [];
  const heard: Heard = {
    changed(stacks) {
      parts.watching.changed(stacks);
      lookAtDue();
    },
    deaf(host, why) {
      const text = `${host} cannot tell of changes by itself, and is left to the probe's interval: ${why}`;
      emit({ type: "message", level: "warning", text, at: clock.now() });
    },
  };
  function lookAtDue(): void {
    if (care.halted()) return;
    const due = follow(stacksNow(), parts, heard);
    if (due.size > 0) look(({ name }) => due.has(name), parts).catch(failed);
  }
  return {
    tick() {
      if (care.halted()) return;
      const stacks = stacksNow();
      const intervals = new Set(stacks.flatMap(stack => probeEvery(stack, byDefault) ?? []));
      const next = planSweeps(sweeps, intervals, { now: clock.now(), random: () => clock.random() });
      ({ sweeps } = next);
      for (const every of next.due) sweep(every, parts).catch(failed);
      lookAtDue();
    },
  };
}
