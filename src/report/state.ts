/** The state of a stack as it is shown, and why. "in-sync" is said only of what was looked at, with success, not long ago. */
import { configInvalid, type Failure, type Problem } from "../engine/failure.ts";
import type { Pause, StackState, StackStatus } from "../engine/ports/records.ts";
import type { Revision } from "../engine/ports/source.ts";
import type { StackSettings } from "../engine/ports/stack.ts";
import { ago, formatAge } from "./age.ts";
import { shortSha } from "./commit.ts";
import { describeFailure } from "./messages.ts";
import { resourceName } from "./urn.ts";

/** A check is overdue when this many of its intervals have gone by: one missed is a restart, three are a fault. */
export const OVERDUE_INTERVALS = 3;

export interface StateInput {
  readonly status?: StackStatus;
  readonly pause?: Pause;
  /** The branch's head; undefined before the first fetch. */
  readonly head?: Revision;
  /** What holdfast.yaml says; undefined: the stack is gone from Git, or cannot be read there. */
  readonly settings?: StackSettings;
  /** Why it cannot be read at the head. */
  readonly problems?: readonly Problem[];
  readonly now: number;
}

export interface ShownState {
  readonly state: StackState;
  /** One line; "" for a stack in sync. */
  readonly why: string;
}

const shown = (state: StackState, why: string): ShownState => ({ state, why });

const lastCheck = (status: StackStatus | undefined, now: number): string =>
  status?.checkedAt === undefined ? "never checked" : `last check ${ago(status.checkedAt, now)}`;

/** Where it is not simply failed, or held by a gate. "in question": failed, or unknown where the head is deployed. */
const STATES: Partial<Record<Failure["reason"], StackState | "in question">> = {
  "dependency-not-ready": "pending",
  "stack-busy": "pending",
  "plan-outdated": "pending",
  "shutting-down": "pending",
  superseded: "pending",
  orphaned: "orphaned",
  paused: "unknown",
  "check-failed": "unknown",
  "host-unreachable": "unknown",
  "fetch-failed": "in question",
  "install-failed": "in question",
  "timed-out": "in question",
  "process-died": "in question",
  "cli-failed": "in question",
  disk: "in question",
};

/** `current`: the head is deployed, so only what reality is like is in question. */
function failureState(failure: Failure, current: boolean): StackState {
  const state = STATES[failure.reason] ?? (failure.kind === "waiting" ? "held" : "failed");
  if (state !== "in question") return state;
  return current ? "unknown" : "failed";
}

function failed(failure: Failure, status: StackStatus, current: boolean, now: number): ShownState {
  const context = { stack: status.stack, ...(status.lastRun === undefined ? {} : { run: status.lastRun }) };
  const { title } = describeFailure(failure, context);
  const state = failureState(failure, current);
  return shown(state, state === "unknown" ? `${title}; ${lastCheck(status, now)}` : title);
}

/** What a look at reality said, for a stack whose head is deployed and whose last run ended well. */
function checked(status: StackStatus, settings: StackSettings, now: number): ShownState {
  if (status.drifted) return shown("drifted", "Reality differs from what is deployed");
  const [first] = status.unknown;
  if (first) {
    const more = status.unknown.length > 1 ? ` and ${status.unknown.length - 1} more` : "";
    return shown("unknown", `${resourceName(first.urn)}${more}: ${first.why}`);
  }
  if (status.checkedAt === undefined) return shown("unknown", "Never checked");
  if (now - status.checkedAt > OVERDUE_INTERVALS * settings.drift.every)
    return shown("unknown", `The check is overdue: ${lastCheck(status, now)}`);
  return shown("in-sync", "");
}

/** Pure; `why` is fit for one line. */
export function deriveState({ status, pause, head, settings, problems, now }: StateInput): ShownState {
  if (!settings && !problems) return shown("orphaned", "Gone from Git; its resources are still there");
  if (pause) {
    const since = formatAge(pause.at, now);
    return shown("unknown", `Paused by ${pause.by} for ${since}: ${pause.why}; ${lastCheck(status, now)}`);
  }
  if (!settings)
    return shown(
      "failed",
      describeFailure(configInvalid(problems ?? []), { stack: status?.stack ?? "" }).title,
    );
  const wanted = head ?? status?.attempted;
  if (!status || !wanted) return shown("pending", "Not looked at yet");
  const current = status.deployed?.sha === wanted.sha;
  // What failed at an older commit may be mended in the newer one.
  const mine = status.attempted?.sha === wanted.sha;
  if (status.failure && mine) return failed(status.failure, status, current, now);
  if (!current) {
    const from = status.deployed ? `${shortSha(status.deployed.sha)} is deployed` : "nothing is deployed";
    return shown("pending", `${shortSha(wanted.sha)} is wanted, ${from}`);
  }
  return checked(status, settings, now);
}
