/**
 * A replacement that deletes first is a chain of steps. Where the deletion fails under --continue-on-error, the CLI drops
 * the rest of the chain and tells nobody: the program waits for the resource, and the CLI for the program, until the
 * deadline (3.259; seen in its goroutines). Once nothing else happens any more it is asked to end.
 */
import type { StepProgress } from "../engine/ports/pulumi.ts";
import { signalProcess } from "../process/signal.ts";

/** Steps under way when it is asked to end are finished, so that being early costs only those that have not begun. */
const SILENT_MS = 5_000;

export interface BrokenChain {
  started(pid: number): void;
  saw(step: StepProgress): void;
  stop(): void;
}

export function watchBrokenChain(silentMs: number = SILENT_MS): BrokenChain {
  let leader: number | undefined;
  let broken = false;
  let timer: NodeJS.Timeout | undefined;
  return {
    started: pid => void (leader = pid),
    saw({ op, phase }) {
      broken ||= phase === "failed" && op === "delete-replaced";
      clearTimeout(timer);
      if (!broken || leader === undefined) return;
      const pid = leader;
      timer = setTimeout(() => void signalProcess(pid, "SIGINT"), silentMs);
    },
    stop() {
      leader = undefined;
      clearTimeout(timer);
    },
  };
}
