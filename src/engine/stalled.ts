/**
 * Stacks that cannot be read at the head: they stay as they are deployed. A stack is gone from Git only where nothing
 * that cannot be read may hold it.
 */
import type { Problem } from "./failure.ts";
import type { StackStatus } from "./ports/records.ts";
import type { Estate, Flaw, StackDefinition, StackName, StackSettings } from "./ports/stack.ts";

const projectOf = (stack: StackName): string => stack.slice(0, stack.indexOf("/"));

/** Of these, those whose folder has the project's name, as most have; all, where none has. */
function likeliest(flaws: readonly Flaw[], stack: StackName): readonly Flaw[] {
  const likely = flaws.filter(({ project }) => project?.folder.split("/").at(-1) === projectOf(stack));
  return likely.length > 0 ? likely : flaws;
}

/** What keeps this stack from being known at the estate's revision; undefined: it is known, or known to be gone. */
export function problemsOf(estate: Estate, stack: StackName): readonly Problem[] | undefined {
  if (estate.flaws.length === 0) return undefined;
  const told = (flaws: readonly Flaw[]): readonly Problem[] => flaws.flatMap(({ problems }) => problems);
  const mine = estate.flaws.filter(({ stacks }) => stacks.includes(stack));
  if (mine.length > 0) return told(mine);
  if (estate.stacks.some(({ name }) => name === stack)) return undefined;
  const ofProject = estate.flaws.filter(({ project }) => project?.name === projectOf(stack));
  if (ofProject.length > 0) return told(ofProject);
  const ofAny = estate.flaws.filter(({ project }) => project && project.name === undefined);
  return ofAny.length > 0 ? told(likeliest(ofAny, stack)) : undefined;
}

/** Neither there nor where it cannot be seen. */
export const isGone = (estate: Estate, stack: StackName): boolean =>
  !estate.stacks.some(({ name }) => name === stack) && problemsOf(estate, stack) === undefined;

/** By name; what is on record counts where it may be in what cannot be read. */
export function stalledStacks(
  estate: Estate,
  statuses: readonly StackStatus[],
): ReadonlyMap<StackName, readonly Problem[]> {
  const found = new Map<StackName, readonly Problem[]>();
  if (estate.flaws.length === 0) return found;
  const sound = new Set(estate.stacks.map(({ name }) => name));
  const names = [...estate.flaws.flatMap(({ stacks }) => stacks), ...statuses.map(({ stack }) => stack)];
  for (const name of names) {
    const problems = sound.has(name) ? undefined : problemsOf(estate, name);
    if (problems) found.set(name, problems);
  }
  return found;
}

/** A stack is never run with these: they are what is known of one that was never read. */
const NOTHING_SAID: StackSettings = {
  managed: false,
  interval: Infinity,
  drift: { every: Infinity, action: "notify" },
  dependsOn: [],
  secrets: [],
  env: {},
  approval: "required",
  limits: {},
  protect: [],
  windows: [],
  ignoreDrift: [],
  firstApply: "ask",
  prune: false,
  timeout: 0,
};

/** Stands for a stack in the record of the run that tells why there is none. */
export function unread(name: StackName): StackDefinition {
  const project = projectOf(name);
  const stack = name.slice(project.length + 1);
  return { name, project, stack, folder: "", runtime: "", settings: NOTHING_SAID };
}
