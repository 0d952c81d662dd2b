/** After a crash: what outlived us is ended, what it had begun is kept, and every run has an end. */
import type { LiveProcess, Records, RunRecord } from "./ports/records.ts";
import type { StateControl } from "./ports/state.ts";

type RecoveryRecords = Pick<
  Records,
  "processes" | "processEnded" | "unfinishedRuns" | "startRun" | "status" | "putStatus"
>;

export interface RecoveryWorld {
  readonly records: RecoveryRecords;
  readonly state: Pick<StateControl, "endAllBut">;
  /** Ends the process's whole group if it still is the process that we started; answers whether it was alive. */
  readonly endProcess: (process: LiveProcess) => Promise<boolean>;
  readonly now: () => number;
}

export interface Recovered {
  readonly ended: readonly LiveProcess[];
  readonly runs: readonly RunRecord[];
}

/** CLIs and workers first, so that nothing writes any more when the leases end and the journals are replayed. */
export async function recover(world: RecoveryWorld): Promise<Recovered> {
  const { records, state } = world;
  const ended: LiveProcess[] = [];
  for (const process of await records.processes()) {
    if (await world.endProcess(process)) ended.push(process);
    await records.processEnded(process.pid);
  }
  await state.endAllBut([]);
  const runs = await records.unfinishedRuns();
  for (const run of runs) {
    await touch(records, run, world.now());
    await close(records, run, world.now());
  }
  return { ended, runs };
}

/** How far it came nobody knows: a next commit that takes back its own must not pass for one that concerns nobody. */
async function touch(records: RecoveryRecords, { stack, mode }: RunRecord, now: number): Promise<void> {
  const status = mode === "plan" || mode === "check" ? undefined : await records.status(stack);
  if (status) await records.putStatus({ ...status, touchedAt: now });
}

/** The run's stack is planned again from reality; only the record needs an end. */
async function close(records: RecoveryRecords, run: RunRecord, now: number): Promise<void> {
  const failure = {
    kind: "transient",
    reason: "process-died",
    what: "the daemon",
    how: "it ended in the middle of this run",
  } as const;
  await records.startRun({ ...run, endedAt: now, outcome: "failed", failure });
}
