/** What controller and provider host say to each other over Node's IPC channel. */
import type { UnknownResource } from "../engine/ports/plan.ts";
import type { StateResource } from "../engine/ports/state.ts";
import type { ProbeAnswer, ProbeRequest } from "./probe/request.ts";
import type { PortRequest } from "./provider-host.ts";

/** Controller to host. */
export type Order =
  | { readonly order: "configure"; readonly base: string; readonly guarded: boolean }
  | { readonly order: "open"; readonly id: number; readonly request: PortRequest }
  | { readonly order: "close"; readonly id: number; readonly runId: string }
  | { readonly order: "unreachable"; readonly id: number; readonly resources: readonly StateResource[] }
  /** Answered with `parts`, one for each stack in all, and `done` after the last. */
  | { readonly order: "probe"; readonly id: number; readonly stacks: readonly ProbeRequest[] }
  /** Whose hosts are listened to, from now on. */
  | { readonly order: "watch"; readonly stacks: readonly string[] }
  /** Answers a question. */
  | { readonly order: "may"; readonly question: number; readonly allowed: boolean };

/** What an order is answered with. */
export interface Answers {
  readonly open: number;
  readonly close: readonly UnknownResource[];
  readonly unreachable: readonly UnknownResource[];
  readonly probe: null;
}

/** Host to controller. */
export type Report =
  | { readonly report: "ready" }
  | { readonly report: "done"; readonly id: number; readonly value: Answers[keyof Answers] }
  | { readonly report: "failed"; readonly id: number; readonly message: string }
  /** Of an order that is answered bit by bit. */
  | { readonly report: "parts"; readonly id: number; readonly values: readonly ProbeAnswer[] }
  /** Hosts of these stacks told that something changed. */
  | { readonly report: "changed"; readonly stacks: readonly string[] }
  /** A host that cannot be listened to. */
  | { readonly report: "deaf"; readonly host: string; readonly why: string }
  /** Whether this URN may be changed now. */
  | { readonly report: "may"; readonly question: number; readonly runId: string; readonly urn: string };
