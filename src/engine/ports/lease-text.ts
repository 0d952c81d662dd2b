/** A lease in words: the same ones in the CLI's 409, in a run's failure and in `holdfast unlock`. */
import type { Holder, Lease } from "./state.ts";

/** `box (pulumi, process 4242)` */
export function holderText({ host, pid, program }: Holder): string {
  const process = [program, pid === undefined ? undefined : `process ${pid}`].filter(Boolean).join(", ");
  return process === "" ? host : `${host} (${process})`;
}

const moment = (at: number): string => new Date(at).toISOString().replace(/\.\d+Z$/, "Z");

/** `(update) by anna since 2026-11-21T14:06:58Z on box (pulumi, process 4242)` */
export function leaseText({ kind, who, about, holder, since }: Lease): string {
  const commit = about === undefined ? "" : `, which brings ${about},`;
  const on = holder ? ` on ${holderText(holder)}` : "";
  return `(${kind}) by ${who}${commit} since ${moment(since)}${on}`;
}
