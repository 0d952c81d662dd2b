/** Which stacks a person means, and where their definitions are: at the head, at another revision, or gone from Git. */
import picomatch from "picomatch";
import { elsewhereKey, type Elsewhere } from "./candidates.ts";
import { configInvalid, fail, ok, type Result } from "./failure.ts";
import type { Parts } from "./parts.ts";
import type { AskRun } from "./ports/control.ts";
import type { RunMode } from "./ports/records.ts";
import type { StackName } from "./ports/stack.ts";
import { problemsOf, stalledStacks } from "./stalled.ts";

export const unknownStack = (name: string, known: readonly string[]): Result<never> =>
  fail(
    configInvalid([
      {
        message: `no stack is named ${name}`,
        hint: known.length === 0 ? "the repository holds no stacks" : `known: ${known.join(", ")}`,
      },
    ]),
  );

export async function lookElsewhere(parts: Parts, stack: StackName, sha: string): Promise<Result<Elsewhere>> {
  const wanted = await parts.head.estateAt(sha);
  if (!wanted.ok) return wanted;
  const definition = wanted.value.estate.stacks.find(({ name }) => name === stack);
  const problems = problemsOf(wanted.value.estate, stack);
  if (!definition && problems) return fail(configInvalid(problems));
  if (!definition)
    return unknownStack(
      stack,
      wanted.value.estate.stacks.map(({ name }) => name),
    );
  return ok({ definition, wanted: wanted.value });
}

/** Patterns and names to the stacks that they mean; an orphan can be named exactly. */
export async function select(parts: Parts, ask: AskRun): Promise<Result<readonly StackName[]>> {
  const base =
    ask.revision === undefined ? ok(parts.head.current()) : await parts.head.estateAt(ask.revision);
  if (!base.ok) return base;
  const stalled = base.value && stalledStacks(base.value.estate, parts.board.statuses());
  const known = [...(base.value?.estate.stacks.map(({ name }) => name) ?? []), ...(stalled?.keys() ?? [])];
  if (ask.stacks.length === 0) return ok(known);
  const chosen = new Set<StackName>();
  for (const pattern of ask.stacks) {
    const matches = known.filter(name => picomatch(pattern)(name));
    if (matches.length === 0 && parts.board.status(pattern)) matches.push(pattern);
    if (matches.length === 0) return unknownStack(pattern, known);
    matches.forEach(name => chosen.add(name));
  }
  return ok([...chosen]);
}

/** Makes definitions of stacks at another revision, or gone from Git, known to the loop for as long as they are asked for. */
export async function provide(
  parts: Parts,
  stack: StackName,
  revision: string | undefined,
  mode: RunMode,
): Promise<Result<string | undefined>> {
  const wanted = parts.head.current();
  if (revision === undefined && wanted?.estate.stacks.some(({ name }) => name === stack))
    return ok(undefined);
  // It is answered with what is wrong, or runs as it is deployed where that is known.
  const stalled = revision === undefined && wanted && problemsOf(wanted.estate, stack);
  if (stalled && (parts.elsewhere.has(elsewhereKey(stack)) || mode === "converge" || mode === "plan"))
    return ok(undefined);
  if (stalled && !parts.board.status(stack)?.deployed) return fail(configInvalid(stalled));
  const sha = revision ?? parts.board.status(stack)?.deployed?.sha;
  if (sha === undefined) return unknownStack(stack, wanted?.estate.stacks.map(({ name }) => name) ?? []);
  const found = await lookElsewhere(parts, stack, sha);
  if (!found.ok) return found;
  const key = elsewhereKey(stack, revision);
  parts.elsewhere.set(key, found.value);
  return ok(key);
}
