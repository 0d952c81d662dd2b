/** Shared by the tests of the estate reader. */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import type { Problem, Result } from "../../../src/engine/failure.ts";
import type { Estate, StackSettings } from "../../../src/engine/ports/stack.ts";
import { createEstateReader } from "../../../src/config/estate-reader.ts";
import { makeTree } from "../../support/tree.ts";

type Files = Readonly<Record<string, string>>;

/** Two projects: hosts with frodo and camelot, cluster with prod. */
export const PROJECTS: Files = {
  "hosts/Pulumi.yaml": "name: hosts\nruntime: nodejs\n",
  "hosts/Pulumi.frodo.yaml": "",
  "hosts/Pulumi.camelot.yaml": "",
  "cluster/Pulumi.yaml": "name: cluster\nruntime:\n  name: yaml\nmain: src\n",
  "cluster/Pulumi.prod.yaml": "",
  "secrets/hosts.sops.yaml": "sops: {}\n",
};

export async function readEstate(context: TestContext, files: Files): Promise<Estate> {
  const result = await createEstateReader().read(makeTree(context, files));
  assert.ok(result.ok, JSON.stringify(result));
  assert.deepEqual(result.value.flaws, []);
  return result.value;
}

/** All that is wrong: with the whole, or with parts of it. */
export function allProblems(result: Result<Estate>): readonly Problem[] {
  if (!result.ok) {
    assert.ok(result.failure.reason === "config-invalid");
    return result.failure.problems;
  }
  assert.ok(result.value.flaws.length > 0, "was read without a problem");
  const problems = result.value.flaws.flatMap(flaw => flaw.problems);
  const key = ({ place }: Problem): string =>
    [place?.file, ...[place?.line, place?.column].map(at => String(at ?? 0).padStart(6, "0"))].join(":");
  return problems.sort((a, b) => key(a).localeCompare(key(b)));
}

export async function readProblems(context: TestContext, files: Files): Promise<readonly Problem[]> {
  return allProblems(await createEstateReader().read(makeTree(context, files)));
}

/** `file:line:column message (hint)` of each problem. */
export function lines(problems: readonly Problem[]): string[] {
  return problems.map(({ message, place, hint }) => {
    const at = [place?.file, place?.line, place?.column].filter(part => part !== undefined).join(":");
    return `${at} ${message}${hint ? ` (${hint})` : ""}`;
  });
}

/** Problems of a holdfast.yaml over PROJECTS. */
export const problemsOf = async (context: TestContext, holdfast: string): Promise<string[]> =>
  lines(await readProblems(context, { ...PROJECTS, "holdfast.yaml": holdfast }));

export async function settingsOf(
  context: TestContext,
  holdfast: string,
  stack: string,
): Promise<StackSettings> {
  const estate = await readEstate(context, { ...PROJECTS, "holdfast.yaml": holdfast });
  const found = estate.stacks.find(({ name }) => name === stack);
  assert.ok(found);
  return found.settings;
}
