/** A source on a temporary data folder, for the tests of this room. */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import type { Result } from "../../../src/engine/failure.ts";
import type { Source } from "../../../src/engine/ports/source.ts";
import { createSource, type SourceOptions } from "../../../src/source/source.ts";
import { tempFolder } from "../../support/git.ts";

export interface OpenSource {
  readonly source: Source;
  readonly folder: string;
  readonly log: string[];
}

export const never = new AbortController().signal;

/** Deadline for what must be over at once. */
const DEADLINE_MS = 30_000;

export function openSource(t: TestContext, url: string, options: Partial<SourceOptions> = {}): OpenSource {
  const folder = options.folder ?? tempFolder(t, "holdfast-source-");
  const log: string[] = [];
  const base = {
    url,
    branch: "main",
    folder,
    deadlineMs: DEADLINE_MS,
    log: (text: string) => void log.push(text),
  };
  return { source: valueOf(createSource({ ...base, ...options })), folder, log };
}

export function valueOf<T>(result: Result<T>): T {
  assert.ok(result.ok, JSON.stringify(result));
  return result.value;
}

export function failureOf(result: Result<unknown>): Extract<Result<unknown>, { ok: false }>["failure"] {
  assert.ok(!result.ok, "a failure was expected");
  return result.failure;
}

/** Fetches and checks the head out. */
export async function headCheckout(source: Source): Promise<string> {
  const head = valueOf(await source.fetch(never));
  return valueOf(await source.checkout(head.sha)).root;
}
