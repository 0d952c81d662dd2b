/** Rules that need both holdfast.yaml and the tree: patterns that match, stacks that exist, no cycles, files that are there. */
import type { Problem } from "../engine/failure.ts";
import type { StackDefinition } from "../engine/ports/stack.ts";
import { resolveInside } from "./checkout-file.ts";
import { didYouMean } from "./closest-word.ts";
import { isPattern, type StackRule } from "./stack-settings.ts";
import type { YamlDocument } from "./yaml-document.ts";

/** holdfast.yaml, checked for its shape, and the stacks that the tree holds, settings filled in. */
export interface EstateDraft {
  readonly root: string;
  readonly doc: YamlDocument;
  readonly rules: readonly StackRule[];
  readonly stacks: readonly StackDefinition[];
}

const NOTHING_HINT =
  "a stack is a file Pulumi.<stack>.yaml beside a Pulumi.yaml (it may be empty); `<project>` is the name in Pulumi.yaml";

function patternProblems({ doc, rules, stacks }: EstateDraft): Problem[] {
  const names = stacks.map(({ name }) => name);
  return rules.flatMap(({ pattern, matches }): Problem[] => {
    const place = doc.place(["stacks", pattern], true);
    if (!isPattern(pattern))
      return [
        {
          message: `"${pattern}" is no pattern of stacks`,
          place,
          hint: 'write "<project>/<stack>", or "*" for all',
        },
      ];
    if (names.some(matches)) return [];
    return [
      { message: `"${pattern}" matches no stack`, place, hint: didYouMean(pattern, names) ?? NOTHING_HINT },
    ];
  });
}

function dependencyProblems({ doc, rules, stacks }: EstateDraft): Problem[] {
  const names = stacks.map(({ name }) => name);
  return rules.flatMap(({ pattern, entry: { dependsOn = [] } }) =>
    dependsOn.flatMap((name, index): Problem[] => {
      if (names.includes(name)) return [];
      const hint = didYouMean(name, names);
      const place = doc.place(["stacks", pattern, "dependsOn", index]);
      return [{ message: `dependsOn: there is no stack "${name}"`, place, ...(hint ? { hint } : {}) }];
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

function cycleProblems({ doc, rules, stacks }: EstateDraft): Problem[] {
  return findCycles(stacks).map((cycle): Problem => {
    const [first = ""] = cycle;
    const from = rules.findLast(({ entry, matches }) => entry.dependsOn && matches(first))?.pattern ?? "";
    return {
      message: `stacks wait for each other: ${cycle.join(" -> ")}`,
      place: doc.place(["stacks", from, "dependsOn"], true),
      hint: "take one of these dependencies away",
    };
  });
}

async function secretProblems({ root, doc, rules }: EstateDraft): Promise<Problem[]> {
  const problems: Problem[] = [];
  for (const { pattern, entry } of rules) {
    for (const [index, file] of (entry.secrets ?? []).entries()) {
      const found = await resolveInside(root, file);
      const place = doc.place(["stacks", pattern, "secrets", index]);
      if (found === undefined) problems.push({ message: `secrets: there is no file "${file}"`, place });
      if (found === "outside")
        problems.push({ message: `secrets: "${file}" leads out of the repository`, place });
    }
  }
  return problems;
}

/** Every problem of the draft. */
export async function estateProblems(draft: EstateDraft): Promise<Problem[]> {
  return [
    ...patternProblems(draft),
    ...dependencyProblems(draft),
    ...cycleProblems(draft),
    ...(await secretProblems(draft)),
  ];
}
