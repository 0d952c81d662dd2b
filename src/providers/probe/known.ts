/**
 * What the probe keeps of a stack between two looks: the questions, and a print of the answers that were judged. Neither
 * inputs nor answers: it holds no secret longer than a look takes, and little memory.
 */
import type { Difference } from "../../engine/ports/probe.ts";
import type { Connection } from "../connection/spec.ts";
import type { Question } from "../connection/questions.ts";

export interface KnownPart {
  readonly key: string;
  readonly connection: Connection;
  readonly questions: readonly Question[];
  readonly watched: number;
  /** Of the answers that `differences` were found in; undefined: the host has not answered yet. */
  readonly print?: string;
  readonly differences: readonly Difference[];
}

export interface KnownStack {
  readonly version: number;
  readonly parts: readonly KnownPart[];
}

export interface Known {
  get(stack: string, version: number): KnownStack | undefined;
  put(stack: string, known: KnownStack): void;
}

const weightOf = ({ parts }: KnownStack): number =>
  parts.reduce((sum, { questions }) => sum + questions.length, 1);

/** `most`: questions in all. The stacks that were not looked at for longest are forgotten first. */
export function createKnown(most: number): Known {
  const stacks = new Map<string, KnownStack>();
  let weight = 0;

  function remove(stack: string): KnownStack | undefined {
    const known = stacks.get(stack);
    if (known) weight -= weightOf(known);
    stacks.delete(stack);
    return known;
  }

  function put(stack: string, known: KnownStack): void {
    remove(stack);
    stacks.set(stack, known);
    weight += weightOf(known);
    for (const oldest of stacks.keys()) {
      if (weight <= most || oldest === stack) break;
      remove(oldest);
    }
  }

  return {
    put,
    get(stack, version) {
      const known = remove(stack);
      if (known?.version !== version) return undefined;
      put(stack, known);
      return known;
    },
  };
}
