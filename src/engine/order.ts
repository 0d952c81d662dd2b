/** Which stack comes before which. */
import type { StackName } from "./ports/stack.ts";

/** For each stack the stacks that it waits for. */
export type Dependencies = ReadonlyMap<StackName, readonly StackName[]>;

/** A cycle as `a -> b -> a` names it, or undefined. Depth first. */
export function findCycle(dependencies: Dependencies): readonly StackName[] | undefined {
  const done = new Set<StackName>();
  const path: StackName[] = [];
  const visit = (stack: StackName): readonly StackName[] | undefined => {
    const at = path.indexOf(stack);
    if (at >= 0) return [...path.slice(at), stack];
    if (done.has(stack)) return undefined;
    path.push(stack);
    for (const next of dependencies.get(stack) ?? []) {
      const cycle = visit(next);
      if (cycle) return cycle;
    }
    path.pop();
    done.add(stack);
    return undefined;
  };
  for (const stack of dependencies.keys()) {
    const cycle = visit(stack);
    if (cycle) return cycle;
  }
  return undefined;
}

/** Those who wait for `stack`. */
export function dependents(dependencies: Dependencies, stack: StackName): readonly StackName[] {
  return [...dependencies].filter(([, before]) => before.includes(stack)).map(([name]) => name);
}

/**
 * Declared dependencies and those that the state's StackReferences show. A reference to a stack of another estate is
 * nobody's turn; a declared one that is not known here is one that cannot be read, and is waited for.
 */
export function joinDependencies(
  stacks: readonly {
    readonly name: StackName;
    readonly dependsOn: readonly StackName[];
    readonly references: readonly StackName[];
  }[],
): Dependencies {
  const known = new Set(stacks.map(({ name }) => name));
  return new Map(
    stacks.map(({ name, dependsOn, references }) => {
      const before = [...dependsOn, ...references.filter(other => known.has(other))];
      return [name, [...new Set(before.filter(other => other !== name))]];
    }),
  );
}

/** What is not ready: a dependency counts only when it has applied this same revision. */
export function notReady(
  before: readonly StackName[],
  deployed: (stack: StackName) => string | undefined,
  revision: string,
): readonly StackName[] {
  return before.filter(stack => deployed(stack) !== revision);
}
