/** The controller's side of listening: what is wanted outlives the provider host's process. */
import type { Heard } from "../../engine/ports/probe.ts";
import type { StackName } from "../../engine/ports/stack.ts";
import type { HostProcess } from "../host-process.ts";
import type { Report } from "../messages.ts";

export type WatchReport = Extract<Report, { readonly report: "changed" | "deaf" }>;

export interface WatchClient {
  watch(stacks: readonly StackName[], heard: Heard): void;
  hear(report: WatchReport): void;
  /** There is a new process. */
  resume(): void;
}

export function createWatchClient(host: () => Pick<HostProcess, "send" | "ensure">): WatchClient {
  let wanted: { readonly stacks: readonly StackName[]; readonly heard: Heard } | undefined;
  return {
    watch(stacks, heard) {
      wanted = { stacks, heard };
      // Where no process is there, `resume` says it to the next one.
      host().send({ order: "watch", stacks });
      if (stacks.length > 0) host().ensure();
    },
    hear(report) {
      if (report.report === "deaf") wanted?.heard.deaf(report.host, report.why);
      else wanted?.heard.changed(report.stacks);
    },
    resume() {
      if (!wanted) return;
      host().send({ order: "watch", stacks: wanted.stacks });
      // It learns by looks what to listen for.
      wanted.heard.changed(wanted.stacks);
    },
  };
}
