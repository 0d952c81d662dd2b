/** One stack in a look: on several hosts perhaps, answered when the last of them has been. */
import type { SilentHost } from "../../engine/ports/probe.ts";
import type { Known, KnownPart } from "./known.ts";
import type { ProbeAnswer, ProbeRequest } from "./request.ts";
import type { Watched } from "./watches.ts";

/** A stack's resources on one host. */
export interface Part {
  readonly job: Job;
  readonly last: KnownPart;
  /** Where the state was brought: what judges the answers. */
  readonly watches?: readonly Watched[];
}

export interface Job {
  found(now: KnownPart): void;
  silent(last: KnownPart, host: string, why: string): void;
  needsState(): void;
}

export interface JobEnd {
  readonly known: Known;
  readonly answer: (answer: ProbeAnswer) => void;
}

export function beginJob(
  { stack, version }: ProbeRequest,
  given: readonly Omit<Part, "job">[],
  { known, answer }: JobEnd,
): readonly Part[] {
  const now = new Map<string, KnownPart>();
  const silent: SilentHost[] = [];
  let answered = false;

  function finish(): void {
    answered = true;
    const all = [...now.values()];
    known.put(stack, { version, parts: all });
    const watched = all.reduce((sum, part) => sum + part.watched, 0);
    answer({ stack, version, watched, differences: all.flatMap(({ differences }) => differences), silent });
  }

  function found(part: KnownPart): void {
    now.set(part.key, part);
    if (!answered && now.size === given.length) finish();
  }

  const job: Job = {
    found,
    silent({ print: _, ...last }, host, why) {
      silent.push({ host, why });
      // What was found before is not found now.
      found({ ...last, differences: [] });
    },
    needsState() {
      if (!answered) answer({ stack, needs: "state" });
      answered = true;
    },
  };
  if (given.length === 0) finish();
  return given.map(part => ({ ...part, job }));
}
