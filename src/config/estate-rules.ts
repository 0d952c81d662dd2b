/** Rules that need both holdfast.yaml and the tree: patterns that match, stacks that exist, no cycles, files that are there. */
import type { Problem } from "../engine/failure.ts";
import type { Flaw, StackDefinition, StackName } from "../engine/ports/stack.ts";
import { resolveInside } from "./checkout-file.ts";
import { didYouMean } from "./closest-word.ts";
import { isPattern, stackMatcher, type StackRule } from "./stack-settings.ts";
import type { YamlDocument } from "./yaml-document.ts";

/** holdfast.yaml, checked for its shape, and the stacks that the tree holds, settings filled in. */
export interface EstateDraft {
  readonly root: string;
  readonly doc: YamlDocument;
  readonly rules: readonly StackRule[];
  /** Mistakes below a pattern, which is not among the rules. */
  readonly mistakes: ReadonlyMap<string, readonly Problem[]>;
  readonly stacks: readonly StackDefinition[];
  /** What of the tree cannot be read. */
  readonly flaws: readonly Flaw[];
}

/** Stacks there are, or may be: of a project that cannot be read only the latter half of their names may be known. */
interface Known {
  readonly names: readonly StackName[];
  readonly may: (pattern: string) => boolean;
}

function knownStacks({ stacks, flaws }: EstateDraft): Known {
  const names = [...stacks.map(({ name }) => name), ...flaws.flatMap(flaw => flaw.stacks)];
  const unread = flaws.flatMap(({ project }) => (project && project.name === undefined ? [project] : []));
  const named = flaws.flatMap(({ project }) => (project?.name === undefined ? [] : [project.name]));
  const may = (pattern: string): boolean => {
    if (pattern === "*") return unread.length + named.length > 0;
    const [left = "", right = ""] = pattern.split("/");
    const [ofProject, ofStack] = [stackMatcher(`${left}/x`), stackMatcher(`x/${right}`)];
    return (
      named.some(name => ofProject(`${name}/x`)) ||
      unread.some(project => project.stacks.some(stack => ofStack(`x/${stack}`)))
    );
  };
  return { names, may };
}

const NOTHING_HINT =
  "a stack is a file Pulumi.<stack>.yaml beside a Pulumi.yaml (it may be empty); `<project>` is the name in Pulumi.yaml";

function patternProblems({ doc, rules, mistakes }: EstateDraft, { names, may }: Known): Problem[] {
  const all = [
    ...rules,
    ...[...mistakes.keys()].map(pattern => ({ pattern, matches: stackMatcher(pattern) })),
  ];
  return all.flatMap(({ pattern, matches }): Problem[] => {
    const place = doc.place(["stacks", pattern], true);
    if (!isPattern(pattern))
      return [
        {
          message: `"${pattern}" is no pattern of stacks`,
          place,
          hint: 'write "<project>/<stack>", or "*" for all',
        },
      ];
    if (names.some(matches) || may(pattern)) return [];
    return [
      { message: `"${pattern}" matches no stack`, place, hint: didYouMean(pattern, names) ?? NOTHING_HINT },
    ];
  });
}

type Concerning = (pattern: string, problems: readonly Problem[]) => Flaw;

/** A flaw of the stacks that a pattern means: what it says of them cannot be known. */
const concerning =
  ({ stacks }: EstateDraft): Concerning =>
  (pattern, problems) => {
    const matches = stackMatcher(pattern);
    return { problems, stacks: stacks.map(({ name }) => name).filter(name => matches(name)) };
  };

function dependencyFlaws({ doc, rules }: EstateDraft, { names, may }: Known, flaw: Concerning): Flaw[] {
  return rules.flatMap(({ pattern, entry: { dependsOn = [] } }) =>
    dependsOn.flatMap((name, index): Flaw[] => {
      // Where it may be one that cannot be read, it is waited for.
      if (names.includes(name) || may(name)) return [];
      const hint = didYouMean(name, names);
      const place = doc.place(["stacks", pattern, "dependsOn", index]);
      const message = `dependsOn: there is no stack "${name}"`;
      return [flaw(pattern, [{ message, place, ...(hint ? { hint } : {}) }])];
    }),
  );
}

/** Each cycle once, as the names along it, the first one again at the end. */
export function findCycles(stacks: readonly StackDefinition[]): string[][] {
  const edges = new Map(stacks.map(stack => [stack.name, stack.settings.dependsOn]));
  const done = new Set<string>();
  const cycles: string[][] = [];
  for (const start of edges.keys()) {
    const trail: { name: string; next: number }[] = done.has(start) ? [] : [{ name: start, next: 0 }];
    for (let top = trail.at(-1); top; top = trail.at(-1)) {
      const target = edges.get(top.name)?.[top.next];
      top.next += 1;
      if (target === undefined) {
        done.add(top.name);
        trail.pop();
        continue;
      }
      const at = trail.findIndex(({ name }) => name === target);
      if (at >= 0) cycles.push([...trail.slice(at).map(({ name }) => name), target]);
      else if (!done.has(target)) trail.push({ name: target, next: 0 });
    }
  }
  return cycles;
}

function cycleFlaws({ doc, rules, stacks }: EstateDraft): Flaw[] {
  return findCycles(stacks).map((cycle): Flaw => {
    const [first = ""] = cycle;
    const from = rules.findLast(({ entry, matches }) => entry.dependsOn && matches(first))?.pattern ?? "";
    const problem = {
      message: `stacks wait for each other: ${cycle.join(" -> ")}`,
      place: doc.place(["stacks", from, "dependsOn"], true),
      hint: "take one of these dependencies away",
    };
    return { problems: [problem], stacks: [...new Set(cycle)] };
  });
}

async function secretFlaws({ root, doc, rules }: EstateDraft, flaw: Concerning): Promise<Flaw[]> {
  const flaws: Flaw[] = [];
  for (const { pattern, entry } of rules) {
    for (const [index, file] of (entry.secrets ?? []).entries()) {
      const found = await resolveInside(root, file);
      const place = doc.place(["stacks", pattern, "secrets", index]);
      if (found === undefined)
        flaws.push(flaw(pattern, [{ message: `secrets: there is no file "${file}"`, place }]));
      if (found === "outside")
        flaws.push(flaw(pattern, [{ message: `secrets: "${file}" leads out of the repository`, place }]));
    }
  }
  return flaws;
}

/**
 * Every problem of the draft. What is said of some stacks is a flaw of those. A pattern that means nobody may be a slip
 * in the name of any stack, which would then go without what is said of it: that concerns all of them.
 */
export async function judgeEstate(
  draft: EstateDraft,
): Promise<{ readonly problems: readonly Problem[]; readonly flaws: readonly Flaw[] }> {
  const known = knownStacks(draft);
  const flaw = concerning(draft);
  return {
    problems: patternProblems(draft, known),
    flaws: [
      ...[...draft.mistakes].map(([pattern, problems]) => flaw(pattern, problems)),
      ...dependencyFlaws(draft, known, flaw),
      ...cycleFlaws(draft),
      ...(await secretFlaws(draft, flaw)),
    ],
  };
}
