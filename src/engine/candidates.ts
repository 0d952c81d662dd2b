/** Who could run now, and who waits for whom. Only decides. */
import type { Board } from "./board.ts";
import { due, dueAsDeployed, type Due } from "./due.ts";
import type { Problem } from "./failure.ts";
import type { Wanted } from "./head.ts";
import { findCycle, joinDependencies, notReady, type Dependencies } from "./order.ts";
import type { StackDefinition, StackName } from "./ports/stack.ts";
import type { Findings } from "./probe/findings.ts";
import type { Request, Requests } from "./requests.ts";
import { spread } from "./schedule.ts";
import { stalledStacks, unread } from "./stalled.ts";

export interface Candidate {
  readonly stack: StackName;
  readonly definition: StackDefinition;
  readonly wanted: Wanted;
  readonly want: Due;
  readonly request?: Request;
  readonly urgent: boolean;
  readonly since: number;
  /** Stacks that must apply this revision first. */
  readonly blockedBy: readonly StackName[];
  /** Why the stack cannot be read at this revision: the run says so, and that is all. */
  readonly problems?: readonly Problem[];
  /** The head, where the stack cannot be read there and is looked after as it is deployed. */
  readonly behind?: string;
}

/** A stack at a revision other than the head: one that is gone from Git, or one that somebody only looks at. */
export interface Elsewhere {
  readonly definition: StackDefinition;
  readonly wanted: Wanted;
}

export interface CandidateWorld {
  readonly board: Board;
  readonly requests: Requests;
  /** By `elsewhereKey`. */
  readonly elsewhere: ReadonlyMap<string, Elsewhere>;
  readonly isActive: (stack: StackName) => boolean;
  /** Whether stacks run when they are due; otherwise only what somebody asks for. */
  readonly automatic: boolean;
  /** When a stack was first seen to be due. */
  readonly since: (stack: StackName) => number;
  readonly now: number;
  /** What probes found. */
  readonly findings: Pick<Findings, "wants">;
}

export const elsewhereKey = (stack: StackName, revision?: string): string =>
  revision === undefined ? stack : `${stack}@${revision}`;

/** Those that cannot be read at the head, and why. */
type Stalled = ReturnType<typeof stalledStacks>;

function dependencies(wanted: Wanted, board: Board, stalled: Stalled): Dependencies {
  const stacks = wanted.estate.stacks.map(({ name, settings }) => ({
    name,
    dependsOn: settings.dependsOn,
    references: board.status(name)?.references ?? [],
  }));
  // They wait for nobody, but others wait for them.
  const waitedFor = [...stalled.keys()].map(name => ({ name, dependsOn: [], references: [] }));
  const all = joinDependencies([...stacks, ...waitedFor]);
  // References can be circular where declarations are not: then only what was declared counts.
  return findCycle(all) ? joinDependencies(stacks.map(stack => ({ ...stack, references: [] }))) : all;
}

function find(request: Request, wanted: Wanted | undefined, world: CandidateWorld): Elsewhere | undefined {
  const definition =
    request.revision === undefined
      ? wanted?.estate.stacks.find(({ name }) => name === request.stack)
      : undefined;
  if (wanted && definition) return { definition, wanted };
  return world.elsewhere.get(elsewhereKey(request.stack, request.revision));
}

/** A wish for what cannot be read is answered with why; one that only needs what is deployed is not. */
function ofStalled(request: Request, wanted: Wanted | undefined, stalled: Stalled): Candidate | undefined {
  const { stack, mode, revision, since } = request;
  if (!wanted || revision !== undefined || (mode !== "converge" && mode !== "plan")) return undefined;
  const problems = stalled.get(stack);
  if (!problems) return undefined;
  const common = { wanted, want: request, request, urgent: true, since, blockedBy: [] };
  return { stack, definition: unread(stack), problems, ...common };
}

type Blockers = (stack: StackName) => readonly StackName[];

function asked(
  wanted: Wanted | undefined,
  world: CandidateWorld,
  stalled: Stalled,
  blockers: Blockers,
): readonly Candidate[] {
  return world.requests.waiting().flatMap(request => {
    const told = ofStalled(request, wanted, stalled);
    if (told) return [told];
    const found = find(request, wanted, world);
    if (!found) return [];
    const blockedBy = request.mode === "converge" ? blockers(request.stack) : [];
    return [
      {
        ...found,
        stack: request.stack,
        want: request,
        request,
        urgent: true,
        since: request.since,
        blockedBy,
      },
    ];
  });
}

function automatic(wanted: Wanted, world: CandidateWorld, blockers: Blockers): readonly Candidate[] {
  return wanted.estate.stacks.flatMap(definition => {
    const stack = definition.name;
    if (world.isActive(stack)) return [];
    const blockedBy = blockers(stack);
    const paused = world.board.pause(stack) !== undefined;
    const differs = world.findings.wants(stack);
    const when = { now: world.now, spread: spread(stack) };
    const context = { ...when, head: wanted.revision.sha, paused, blockedBy, differs };
    const want = due(definition, world.board.status(stack), context);
    if (!want) return [];
    const urgent = want.trigger === "commit" || want.trigger === "probe";
    return [
      {
        stack,
        definition,
        wanted,
        want,
        urgent,
        since: world.since(stack),
        blockedBy: want.mode === "converge" ? blockedBy : [],
      },
    ];
  });
}

/** Each is told once of at a revision; then what is deployed is looked after. */
function behindHead(wanted: Wanted, world: CandidateWorld, stalled: Stalled): readonly Candidate[] {
  const { board, elsewhere, now } = world;
  return [...stalled].flatMap(([stack, problems]): readonly Candidate[] => {
    const status = board.status(stack);
    if (world.isActive(stack) || board.pause(stack)) return [];
    const common = { stack, since: world.since(stack), blockedBy: [] };
    const head = wanted.revision.sha;
    if (status?.attempted?.sha !== head) {
      const want: Due = { mode: "converge", trigger: "commit" };
      return [{ ...common, definition: unread(stack), wanted, want, urgent: true, problems }];
    }
    const last = elsewhere.get(elsewhereKey(stack));
    if (last?.wanted.revision.sha !== status.deployed?.sha || !last) return [];
    const want = dueAsDeployed(last.definition, status, { now, spread: spread(stack) });
    return want ? [{ ...common, ...last, want, urgent: false, behind: head }] : [];
  });
}

/** Everybody who has a reason to run now and is not running; a person's wish outweighs what is due anyway. */
export function candidates(wanted: Wanted | undefined, world: CandidateWorld): readonly Candidate[] {
  const stalled: Stalled = wanted ? stalledStacks(wanted.estate, world.board.statuses()) : new Map();
  const before: Dependencies = wanted ? dependencies(wanted, world.board, stalled) : new Map();
  const deployed = (stack: StackName): string | undefined => world.board.status(stack)?.deployed?.sha;
  const blockers: Blockers = stack =>
    wanted ? notReady(before.get(stack) ?? [], deployed, wanted.revision.sha) : [];
  const persons = asked(wanted, world, stalled, blockers);
  const taken = new Set(persons.map(({ stack }) => stack));
  const others =
    wanted && world.automatic && !world.requests.expectedAt(wanted.revision.sha)
      ? [...automatic(wanted, world, blockers), ...behindHead(wanted, world, stalled)].filter(
          ({ stack }) => !taken.has(stack),
        )
      : [];
  return [...persons, ...others].filter(({ stack }) => !world.isActive(stack));
}

/** Of those that wait for another stack, the ones whose wait nothing under way will end. */
export function hopeless(
  list: readonly Candidate[],
  isActive: (stack: StackName) => boolean,
  board: Board,
): readonly Candidate[] {
  const waiting = new Set(list.map(({ stack }) => stack));
  const told = ({ stack, wanted }: Candidate): boolean => {
    const status = board.status(stack);
    return (
      status?.failure?.reason === "dependency-not-ready" && status.attempted?.sha === wanted.revision.sha
    );
  };
  return list.filter(
    one =>
      one.blockedBy.length > 0 &&
      !one.blockedBy.some(stack => isActive(stack) || waiting.has(stack)) &&
      (one.request !== undefined || !told(one)),
  );
}
