/** An overview's facts as report/ names them. */
import type { Overview } from "../engine/ports/control.ts";
import { stackViews, type StackView } from "../report/stack-view.ts";

export function viewsOf({ stacks, head, at }: Overview): StackView[] {
  return stackViews({
    statuses: stacks.flatMap(({ status }) => (status ? [status] : [])),
    pauses: stacks.flatMap(({ pause }) => (pause ? [pause] : [])),
    wanted: stacks.flatMap(({ stack, settings }) => (settings ? [{ name: stack, settings }] : [])),
    unread: stacks.flatMap(({ stack, problems }) => (problems ? [{ name: stack, problems }] : [])),
    ...(head && { head }),
    leases: stacks.flatMap(({ lease }) => (lease ? [lease] : [])),
    now: at,
  });
}
