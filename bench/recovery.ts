/** From `kill -9` of each kind of process, in the middle of a deploy, until all is deployed. */
import { signal } from "../soak/faults/fault.ts";
import { HELPERS, type Helper } from "../soak/faults/processes.ts";
import { createDaemonLife, type DaemonLife } from "../soak/daemon.ts";
import { readBook } from "../soak/database.ts";
import { generations, inTheMiddle, makeStage, until, type Stage } from "../test/support/daemon-stage.ts";
import { median, seconds, timed, type Bench, type Figure } from "./figure.ts";
import { group, type Row } from "./group.ts";

interface Scene {
  readonly stage: Stage;
  readonly life: DaemonLife;
  /** Each deploy has another number. */
  readonly next: () => number;
}

const ALL_WELL_MS = 3_000;

function isDeployed({ data }: Stage, sha: string): boolean {
  try {
    return readBook(data, book =>
      book.statuses().every(({ deployed, failure }) => deployed?.sha === sha && failure === undefined),
    );
  } catch {
    return false; // the daemon is just being started
  }
}

/** The deploy waits at its gate; the gate opens with the kill, so that nothing but the kill is to be made good. */
async function oneKill({ stage, life, next }: Scene, kill: () => Promise<void> | void): Promise<number> {
  await new Promise(resolve => setTimeout(resolve, ALL_WELL_MS));
  const generation = next();
  const sha = stage.repository.commit(`generation ${generation}`, generations(stage, generation));
  await inTheMiddle(stage, generation);
  return timed(async () => {
    const killed = kill();
    stage.openGate(generation);
    await killed;
    await until("all is deployed", () => {
      const unasked = life.unasked();
      if (unasked !== undefined) throw new Error(unasked);
      return isDeployed(stage, sha);
    });
  });
}

const killHelper =
  ({ stage }: Scene, helper: Helper) =>
  (): void => {
    const found = stage.processes().filter(({ command }) => HELPERS[helper].test(command));
    if (found.length === 0) throw new Error(`there is no ${helper}`);
    // One of a box may be gone with another one before its turn comes.
    for (const { pid } of found) signal(pid, "SIGKILL");
  };

const row = (name: string, what: string, kill: (scene: Scene) => () => Promise<void> | void): Row<Scene> => ({
  name: `recovery-${name}`,
  async measure(scene, { times }: Bench): Promise<readonly Figure[]> {
    const taken: number[] = [];
    for (let turn = 0; turn < times; turn++) taken.push(await oneKill(scene, kill(scene)));
    return [{ what, unit: "s", holdfast: seconds(median(taken)) }];
  },
});

const after = (helper: Helper): string => `kill -9 of the ${helper} in mid-deploy → converged`;
const helperRow = (name: string, helper: Helper): Row<Scene> =>
  row(name, after(helper), scene => killHelper(scene, helper));

export const recovery = group<Scene>(
  async ending => {
    const stage = makeStage(ending, { files: at => generations(at, 0) });
    const life = createDaemonLife(stage, {});
    await life.start();
    await until("the empty stack is deployed", () => isDeployed(stage, stage.repository.head()));
    let generation = 0;
    return { stage, life, next: () => ++generation };
  },
  [
    row("none", "the same deploy without a kill → converged", () => () => undefined),
    row(
      "controller",
      "kill -9 of the controller in mid-deploy, started again at once → converged",
      ({ life }) =>
        async () => {
          await life.kill();
          await life.start();
        },
    ),
    helperRow("state", "state service"),
    helperRow("providers", "provider host"),
    helperRow("cli", "CLI that applies"),
    helperRow("worker", "program worker"),
  ],
);
