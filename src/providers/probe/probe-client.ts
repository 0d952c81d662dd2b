/** The controller's side of the probe: brings states to the provider host only where they are needed. */
import type { ProbeReport, Prober, ProbeTarget } from "../../engine/ports/probe.ts";
import { needsState, type ProbeAnswer, type ProbeRequest } from "./request.ts";
import { createSlots, type SlotLimits } from "./slots.ts";

/** States, with their secrets open, that are under way at one time: those behind a dead host wait for its deadline. */
const STATES: SlotLimits = { atOnce: 32, slowMs: 1_000, most: 96 };

/** Asks the provider host, which answers bit by bit. */
export type AskHost = (
  stacks: readonly ProbeRequest[],
  part: (answer: ProbeAnswer) => void,
) => Promise<unknown>;

type Tell = (report: ProbeReport) => void;

/** `isOurs`: whether the provider host serves this type. */
export function createProbeClient(ask: AskHost, isOurs: (type: string) => boolean): Pick<Prober, "probe"> {
  /** Versions of states without a resource of ours: nobody needs to be asked about them. */
  const nothing = new Map<string, number>();

  async function bring({ stack, version, resources }: ProbeTarget, tell: Tell): Promise<void> {
    const state = await resources();
    // The stack's next run says why it cannot be read.
    if (!state.ok) return;
    const ours = state.value.filter(({ type }) => isOurs(type));
    // Also where there is nothing: its hosts, of an earlier version, are not listened to any more.
    await ask([{ stack, version, resources: ours }], answer => {
      if (!needsState(answer)) tell(answer);
    });
    if (ours.length === 0) nothing.set(stack, version);
  }

  return {
    async probe(targets, tell) {
      const slots = createSlots(STATES);
      const byName = new Map(targets.map(target => [target.stack, target]));
      const brought: Promise<void>[] = [];
      const isEmpty = ({ stack, version }: ProbeTarget): boolean => nothing.get(stack) === version;
      for (const { stack, version } of targets.filter(isEmpty))
        tell({ stack, version, watched: 0, differences: [], silent: [] });
      const others = targets.filter(target => !isEmpty(target));
      const requests = others.map(({ stack, version }) => ({ stack, version }));
      const hear = (answer: ProbeAnswer): void => {
        const target = byName.get(answer.stack);
        if (!needsState(answer)) tell(answer);
        else if (target) brought.push(slots.inTurn(() => bring(target, tell)));
      };
      if (requests.length > 0) await ask(requests, hear);
      await Promise.all(brought);
    },
  };
}
