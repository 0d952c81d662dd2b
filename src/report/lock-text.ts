/** `holdfast unlock`: who holds a stack, what is under way, and what unlocking does about it. */
import type { Lock } from "../engine/ports/control.ts";
import { holderText } from "../engine/ports/lease-text.ts";
import type { Lease, PendingOperation } from "../engine/ports/state.ts";
import { formatAge, timestamp } from "./age.ts";
import { formatDuration } from "./duration.ts";
import { failureText } from "./messages.ts";
import { plainLine } from "./plain-text.ts";
import { resourceName } from "./urn.ts";

const steps = (operations: readonly PendingOperation[]): string[] =>
  operations.map(({ operation, urn }) => `  ${operation} ${resourceName(urn)}  ${plainLine(urn)}`);

function holder({ stack, kind, who, about, holder: process, since, renewed, expires }: Lease, now: number) {
  const on = process ? `on ${holderText(process)}` : "from an unknown machine";
  const heard = renewed === undefined ? "not heard of since" : `last heard of ${formatAge(renewed, now)} ago`;
  return [
    plainLine(`${stack} is being changed (${kind}) by ${who}`),
    ...(about === undefined ? [] : [`  ${plainLine(`bringing ${about}`)}`]),
    `  ${plainLine(on)}`,
    `  since ${timestamp(since)} (${formatAge(since, now)}), ${heard}`,
    `  its lease ends by itself at ${timestamp(expires)} (in ${formatDuration(Math.max(0, expires - now))}), unless it is renewed`,
  ];
}

function consequences({ alive, underWay }: Lock): string[] {
  const open =
    underWay.length === 0
      ? "What it did so far is kept. It has no step under way."
      : "What it did so far is kept. Each step under way becomes one of unknown end:";
  return [
    "",
    alive
      ? "It is a run of this holdfast, and it lives: wait for it. Only --force ends its lease."
      : "Unlocking ends its lease: it can write nothing more, and the next update may begin.",
    open,
    ...steps(underWay),
  ];
}

function unknownEnds({ stack, pending }: Lock): string[] {
  if (pending.length === 0) return [];
  return [
    "",
    `Steps of earlier updates whose end nobody knows:`,
    ...steps(pending),
    "Look whether they were made. Then, for each create:",
    `  it was made:      holdfast unlock ${stack} --yes --adopt URN=ID`,
    `  it was not made:  holdfast unlock ${stack} --yes --forget URN`,
    "Resources of holdfast's own, and all but creates, need nothing: the next run finds out by itself.",
  ];
}

/** Before anything is done. */
export function lockText(lock: Lock): string {
  const { stack, lease, at } = lock;
  const first = lease ? [...holder(lease, at), ...consequences(lock)] : [`${stack} is not locked.`];
  return [...first, ...unknownEnds(lock)].join("\n");
}

function notRead({ unverified }: Lock): string[] {
  if (!unverified) return [];
  const why = failureText(unverified)
    .split("\n")
    .map(line => `  ${line}`);
  return ["", "What was adopted could not be read yet; the next run reads it:", ...why];
}

/** After it. */
export function unlockedText(lock: Lock): string {
  return [`${lock.stack} is free; it is planned anew soon.`, ...notRead(lock), ...unknownEnds(lock)].join(
    "\n",
  );
}
