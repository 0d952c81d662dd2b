/** Rounds: Git or reality changes, faults strike while holdfast works, and when they are over all must be well. */
import { rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { folderOf, nextEstate, targetOf, type Estate } from "./estate.ts";
import { wait, type Fault } from "./faults/fault.ts";
import { createInjector } from "./inject.ts";
import { violations, type Memory } from "./invariants.ts";
import { createRandom, type Random } from "./random.ts";
import { waitUntilBack } from "./recovery.ts";
import { estateFiles } from "./repository.ts";
import type { Scene } from "./scene.ts";
import type { Happened } from "./tally.ts";

export interface SoakOptions {
  readonly scene: Scene;
  readonly seed: number;
  readonly faults: readonly Fault[];
  /** Asked before each round. */
  readonly goOn: (round: number) => boolean;
  /** Each kind of fault as often as the others. */
  readonly evenly?: boolean;
  /** Faults of a round. */
  readonly faultsOfRound: readonly [from: number, to: number];
  readonly onRound?: (round: number, faults: number, ms: number) => void;
}

export interface Soaked {
  readonly rounds: number;
  readonly happened: readonly Happened[];
  /** Empty: all was survived. */
  readonly violations: readonly string[];
}

/** Between two faults, in milliseconds. */
const PAUSE_MS = [10, 120] as const;

interface Course {
  readonly estate: Estate;
  /** What a revert of the newest commit brings back. */
  readonly before?: Estate;
  /** What is deployed is to be looked at by a command: no commit leads there. */
  readonly drifted: boolean;
}

/** Somebody changes files on a host by hand. */
function drift({ stage }: Scene, estate: Estate, random: Random): void {
  for (const stack of estate.filter(() => random.chance(0.3))) {
    const files = [...targetOf(stack, estate)].filter(([, text]) => text !== undefined);
    const file = path.join(stage.sandbox, folderOf(stack.name), random.pick(files)?.[0] ?? "");
    if (random.chance(0.5)) rmSync(file);
    else writeFileSync(file, "by hand\n");
  }
}

function nextCourse(scene: Scene, { estate, before }: Course, random: Random, round: number): Course {
  const { repository } = scene.stage;
  const dice = random.next();
  if (dice < 0.2 && before) {
    repository.revert("HEAD");
    return { estate: before, drifted: false };
  }
  if (dice < 0.3) {
    drift(scene, estate, random);
    return { estate, drifted: true, ...(before && { before }) };
  }
  const next = nextEstate(random, estate);
  repository.commit(`round ${round}`, estateFiles(next));
  return { estate: next, before: estate, drifted: false };
}

/** Drift is looked for each hour: a person asks for it now. */
async function askForAll({ stage, data }: Scene): Promise<void> {
  const { code, stderr } = await stage.run(["sync"], { env: { HOLDFAST_DATA: data } });
  if (code !== 0) throw new Error(`holdfast sync ended with ${code}: ${stderr}`);
}

export async function soak(options: SoakOptions): Promise<Soaked> {
  const { scene, seed, faults, evenly = false, goOn, faultsOfRound, onRound } = options;
  const found: string[] = [];
  const choices = createRandom(seed);
  const injector = createInjector({
    scene,
    faults,
    evenly,
    random: createRandom(seed + 1),
    found: text => found.push(text),
  });
  const memory: Memory = { runs: new Set() };
  let course: Course = { estate: scene.first, drifted: false };
  let round = 0;
  const ended = (): Soaked => ({ rounds: round, happened: injector.all, violations: found });

  const settle = async (): Promise<boolean> => {
    const head = scene.stage.repository.head();
    if (course.drifted) await askForAll(scene).catch((error: unknown) => found.push(String(error)));
    const left = await waitUntilBack(scene, course.estate, head);
    const back = Date.now();
    found.push(...(left ?? (await violations(scene, course.estate, head, memory))));
    if (found.length > 0) return false;
    for (const one of injector.all) if (one.round === round) one.recovery = back - (one.endedAt ?? back);
    return true;
  };

  await scene.daemon.start();
  if (!(await settle())) return ended();
  while (goOn(round + 1)) {
    round++;
    const began = Date.now();
    course = nextCourse(scene, course, choices, round);
    const asked = course.drifted
      ? scene.stage.start(["sync"], { env: { HOLDFAST_DATA: scene.data } })
      : undefined;
    const count = choices.between(...faultsOfRound);
    for (let n = 0; n < count && found.length === 0; n++) {
      await wait(choices.between(...PAUSE_MS));
      await injector.one(round);
    }
    await injector.over();
    await asked?.ended;
    if (!(await settle())) return ended();
    onRound?.(round, injector.all.filter(one => one.round === round).length, Date.now() - began);
  }
  return ended();
}
