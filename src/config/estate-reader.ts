/** Reads a checkout into an estate: Pulumi's own files, and holdfast.yaml over them. Every problem comes at once. */
import { realpath } from "node:fs/promises";
import { fail, ok, type Problem, type Result } from "../engine/failure.ts";
import type { Estate, EstateReader, Flaw, LeftOut, StackDefinition } from "../engine/ports/stack.ts";
import { judgeEstate } from "./estate-rules.ts";
import { findStacks, sound } from "./found-stacks.ts";
import { readHoldfastFile, type HoldfastSettings } from "./holdfast-file.ts";
import type { HoldfastFile } from "./holdfast-schema.ts";
import { judgeLeftOut } from "./left-out.ts";
import { plainStacks, type PlainStacks } from "./plain-stacks.ts";
import { settingsOf, stackRules } from "./stack-settings.ts";

const DEFAULT_ORGANIZATION = "organization";

const byPlace = (a: Problem, b: Problem): number =>
  (a.place?.file ?? "").localeCompare(b.place?.file ?? "") ||
  (a.place?.line ?? 0) - (b.place?.line ?? 0) ||
  (a.place?.column ?? 0) - (b.place?.column ?? 0);

/** `problems` concern all stacks, a flaw those that it names. */
interface Judged {
  readonly problems: readonly Problem[];
  readonly flaws: readonly Flaw[];
}

function estateOf(file: HoldfastFile | undefined, stacks: readonly StackDefinition[], flaws: Flaw[]): Estate {
  return {
    stacks: sound(stacks, flaws),
    flaws,
    organization: file?.organization ?? DEFAULT_ORGANIZATION,
    organizationAliases: file?.organizationAliases ?? [],
    allowScripts: file?.allowScripts ?? [],
  };
}

async function judgeSettings(
  root: string,
  settings: HoldfastSettings | undefined,
  stacks: readonly StackDefinition[],
  flaws: readonly Flaw[],
): Promise<Judged> {
  if (!settings) return { problems: [], flaws: [] };
  return judgeEstate({ root, ...settings, rules: stackRules(settings.file.stacks), stacks, flaws });
}

const NO_PLAIN: PlainStacks = { stacks: [], flaws: [], problems: [] };

async function read(checkout: string, leftOut: readonly LeftOut[] = []): Promise<Result<Estate>> {
  const root = await realpath(checkout);
  const found = await findStacks(root);
  const settings = await readHoldfastFile(root);
  const mine = "value" in settings ? settings.value : undefined;
  const rules = stackRules(mine?.file.stacks);
  const plain = mine ? await plainStacks(root, mine, found.stacks) : NO_PLAIN;
  const stacks = [...found.stacks, ...plain.stacks].map(stack => ({
    ...stack,
    settings: settingsOf(stack.name, rules),
  }));
  const left = judgeLeftOut(leftOut, stacks, found.flaws);
  const before = [...found.flaws, ...plain.flaws, ...left.flaws];
  const judged = await judgeSettings(root, mine, sound(stacks, before), before);
  const flaws = [...before, ...judged.flaws];
  const everybodys = [
    ...found.problems,
    ...plain.problems,
    ...left.problems,
    ...("problems" in settings ? settings.problems : []),
    ...judged.problems,
  ];
  if (everybodys.length === 0) return ok(estateOf(mine?.file, stacks, flaws));
  const problems = [...everybodys, ...flaws.flatMap(flaw => flaw.problems)].sort(byPlace);
  return fail({ kind: "stalled", reason: "config-invalid", problems });
}

/** Failures: config-invalid, with all problems of all files. */
export const createEstateReader = (): EstateReader => ({ read });
