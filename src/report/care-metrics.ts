/** Gauges of what guards the data folder. */
import { Gauge, type Registry } from "prom-client";
import type { CareFacts } from "../engine/ports/care.ts";

/** Answers a function that brings them up to date. */
export function careGauges(registry: Registry): (facts: CareFacts | undefined) => void {
  const gauge = (name: string, help: string, labelNames: string[] = []): Gauge =>
    new Gauge({ name, help, labelNames, registers: [registry] });
  const good = gauge(
    "holdfast_backup_last_success_timestamp_seconds",
    "When the last good backup was made; 0: never.",
  );
  const bad = gauge(
    "holdfast_backup_last_failure_timestamp_seconds",
    "When a backup last failed; 0: the last one was good.",
  );
  const size = gauge("holdfast_backup_size_bytes", "Size of the last good backup.");
  const free = gauge(
    "holdfast_disk_free_bytes",
    "What may still be written in the data folder's file system.",
  );
  const halted = gauge("holdfast_halted", "1 with the reason why nothing is run.", ["reason"]);
  return facts => {
    if (!facts) return;
    const { last, failure } = facts.backups;
    good.set((last?.at ?? 0) / 1000);
    bad.set((failure?.at ?? 0) / 1000);
    size.set(last?.size ?? 0);
    free.set(facts.diskFree ?? 0);
    halted.reset();
    if (facts.halted) halted.set({ reason: facts.halted.reason }, 1);
  };
}
