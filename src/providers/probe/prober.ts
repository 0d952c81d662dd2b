/** Compares states and reality: every host is asked about all of its resources in one go, whoever's they are. */
import { randomBytes } from "node:crypto";
import { setMaxListeners } from "node:events";
import type { Machine } from "../connection/machine.ts";
import type { ConnectionPool } from "../connection/pool.ts";
import type { Trouble } from "../outcome.ts";
import type { AnyResource } from "../resource.ts";
import { differencesIn, printOf, type Answered } from "./judge.ts";
import { beginJob, type Part } from "./job.ts";
import { createKnown, type Known, type KnownPart } from "./known.ts";
import type { ProbeAnswer, ProbeRequest } from "./request.ts";
import { createSilence, type Silence, type SilenceLimits } from "./silence.ts";
import { createSlots, type SlotLimits, type Slots } from "./slots.ts";
import { watchesOf, type Watched } from "./watches.ts";

export interface ProberOptions {
  readonly resources: ReadonlyMap<string, Pick<AnyResource, "watch">>;
  readonly connections: ConnectionPool;
  /** Fires when the process stops. */
  readonly signal: AbortSignal;
  /** A family that throws is a bug of ours; its resource is left to the scheduled check. */
  readonly onBug: (error: unknown) => void;
  readonly limits?: ProbeLimits;
  /** Told after each look what a stack is made of. */
  readonly onLooked?: (stack: string, parts: readonly KnownPart[]) => void;
}

/** Slots are of hosts. */
export interface ProbeLimits extends SilenceLimits, SlotLimits {
  /** Of one host, from its turn to its last answer. */
  readonly askMs: number;
  /** Questions that are kept in memory. */
  readonly mostKnown: number;
}

export const PROBE_LIMITS: ProbeLimits = {
  // More scripts at a time than this make each other slow on a few cores.
  atOnce: 32,
  slowMs: 1_000,
  retryMs: 30_000,
  retryMostMs: 5 * 60_000,
  // A connection may take 10 s, and checksums of 10 MB files their time.
  askMs: 20_000,
  // About 150 bytes each.
  mostKnown: 200_000,
};

export interface LocalProber {
  /** Each stack is answered once, as soon as its own hosts have been. */
  probe(requests: readonly ProbeRequest[], answer: (answer: ProbeAnswer) => void): Promise<void>;
  /** A host has shown that it is there: it is asked again at once, though it did not answer before. */
  answered(key: string): void;
}

interface World extends ProberOptions {
  readonly limits: ProbeLimits;
  readonly slots: Slots;
  readonly silence: Silence;
  readonly known: Known;
  readonly salt: Buffer;
}

const isSilence = ({ kind }: Trouble): boolean =>
  kind === "unreachable" || kind === "timed-out" || kind === "cancelled";

/** The answers are what they were, or are judged, or somebody must bring the state. */
function judge({ job, last, watches }: Part, answered: readonly Answered[], world: World): void {
  const print = printOf(answered, world.salt);
  if (!watches) return print === last.print ? job.found(last) : job.needsState();
  const questions = answered.flatMap(one => one.questions);
  const watched = answered.reduce((sum, one) => sum + one.watches.length, 0);
  const differences = answered.flatMap(one => differencesIn(one, world.onBug));
  job.found({ ...last, questions, watched, print, differences });
}

/** One of them cannot be answered: those that can be are judged, and the rest is left to the scheduled check. */
async function askAlone(part: Part, machine: Machine, signal: AbortSignal, world: World): Promise<void> {
  const answered: Answered[] = [];
  const alone = async (one: Watched): Promise<Trouble | undefined> => {
    const { questions } = one.watch;
    const answers = await machine.ask(questions, signal);
    if (answers.ok) answered.push({ questions, watches: [one], answers: answers.value });
    return answers.ok ? undefined : answers.trouble;
  };
  const troubles = await Promise.all((part.watches ?? []).map(alone));
  const silence = troubles.find(one => one && isSilence(one));
  if (silence) return part.job.silent(part.last, machine.name, silence.message);
  judge(part, answered, world);
}

async function ask(part: Part, machine: Machine, signal: AbortSignal, world: World): Promise<void> {
  const { job, last, watches } = part;
  const { questions } = last;
  const answers = await machine.ask(questions, signal);
  if (answers.ok) {
    world.silence.answered(last.key);
    return judge(part, [{ questions, watches: watches ?? [], answers: answers.value }], world);
  }
  const { message } = answers.trouble;
  if (isSilence(answers.trouble)) {
    const why = signal.aborted ? `no answer within ${world.limits.askMs / 1000} s` : message;
    if (!world.signal.aborted) world.silence.failed(last.key, why);
    return job.silent(last, machine.name, why);
  }
  return watches ? askAlone(part, machine, signal, world) : job.needsState();
}

async function visit(parts: readonly Part[], world: World): Promise<void> {
  const [first] = parts;
  if (!first) return;
  const { key, connection } = first.last;
  const machine = world.connections.machine(connection);
  const why = world.silence.of(key);
  if (why !== undefined) return parts.forEach(part => part.job.silent(part.last, machine.name, why));
  await world.slots.inTurn(async () => {
    const deadline = AbortSignal.any([world.signal, AbortSignal.timeout(world.limits.askMs)]);
    // Everybody on this host waits with it.
    setMaxListeners(0, deadline);
    await Promise.all(parts.map(part => ask(part, machine, deadline, world)));
  });
}

/** What is known of a stack, or what its resources say is to be asked. Undefined: neither. */
function partsOf({ stack, version, resources }: ProbeRequest, world: World) {
  if (!resources) return world.known.get(stack, version)?.parts.map(last => ({ last }));
  return watchesOf(resources, world.resources).map(({ key, connection, watches }) => {
    const questions = watches.flatMap(({ watch }) => watch.questions);
    return { watches, last: { key, connection, questions, watched: watches.length, differences: [] } };
  });
}

function begin(request: ProbeRequest, world: World, answer: (answer: ProbeAnswer) => void): readonly Part[] {
  const parts = partsOf(request, world);
  if (parts) return beginJob(request, parts, { known: world.known, answer });
  answer({ stack: request.stack, needs: "state" });
  return [];
}

function byHost(parts: readonly Part[]): ReadonlyMap<string, readonly Part[]> {
  const hosts = new Map<string, Part[]>();
  for (const part of parts) {
    const list = hosts.get(part.last.key) ?? [];
    list.push(part);
    hosts.set(part.last.key, list);
  }
  return hosts;
}

const telling = (known: Known, tell: ProberOptions["onLooked"]): Known => ({
  get: (stack, version) => known.get(stack, version),
  put(stack, now) {
    known.put(stack, now);
    tell?.(stack, now.parts);
  },
});

export function createProber(options: ProberOptions): LocalProber {
  const limits = options.limits ?? PROBE_LIMITS;
  const world: World = {
    ...options,
    limits,
    slots: createSlots(limits),
    silence: createSilence(limits),
    known: telling(createKnown(limits.mostKnown), options.onLooked),
    salt: randomBytes(16),
  };
  return {
    answered: key => world.silence.answered(key),
    async probe(requests, answer) {
      const parts = requests.flatMap(request => begin(request, world, answer));
      await Promise.all([...byHost(parts).values()].map(list => visit(list, world)));
    },
  };
}
