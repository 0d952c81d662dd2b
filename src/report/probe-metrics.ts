/** Metrics of the probe: how long its sweeps take, what they reach and what they find. */
import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { EngineEvent } from "../engine/event.ts";

/** From a few stacks to a host that runs into its deadline. */
const SWEEP_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 60];

export interface ProbeMetrics {
  found(): void;
  ended(event: Extract<EngineEvent, { type: "probed" }>): void;
}

/** Stacks with different intervals are swept apart: each interval has its own gauges. */
export function probeMetrics(registry: Registry): ProbeMetrics {
  const registers = [registry];
  const gauge = (name: string, help: string): Gauge =>
    new Gauge({ name, help, labelNames: ["every_seconds"], registers });
  const seconds = new Histogram({
    name: "holdfast_probe_sweep_duration_seconds",
    help: "How long the probe took for all stacks of one interval.",
    buckets: SWEEP_SECONDS,
    registers,
  });
  const findings = new Counter({
    name: "holdfast_probe_findings_total",
    help: "Times that the probe found a difference and asked for a run.",
    registers,
  });
  const stacks = gauge("holdfast_probe_stacks", "Stacks that the last sweep looked at.");
  const resources = gauge("holdfast_probe_resources", "Resources that the last sweep looked at.");
  const silent = gauge("holdfast_probe_silent_hosts", "Hosts that did not answer the last sweep.");
  return {
    found: () => findings.inc(),
    ended(event) {
      const labels = { every_seconds: String(event.every / 1000) };
      seconds.observe(event.ms / 1000);
      stacks.set(labels, event.stacks);
      resources.set(labels, event.resources);
      silent.set(labels, event.silent.length);
    },
  };
}
