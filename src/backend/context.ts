/** What every route of the state service works with. */
import type { Clock } from "../engine/ports/clock.ts";
import type { Holder } from "../engine/ports/state.ts";
import type { StateStore, StoredRun, StoredStack } from "../engine/ports/state-store.ts";
import type { StackKeys } from "./keys.ts";
import type { LiveUpdates } from "./live-updates.ts";
import type { Settler } from "./settle.ts";

/** What does not change while the service lives. */
export type FixedContext = Omit<ServiceContext, "organization" | "aliases">;

export interface ServiceContext {
  readonly store: StateStore;
  readonly stackKeys: StackKeys;
  readonly settler: Settler;
  readonly live: LiveUpdates;
  readonly clock: Clock;
  readonly organization: string;
  readonly aliases: readonly string[];
}

/** Who asks. */
export type Principal =
  | { readonly kind: "person"; readonly name: string }
  | { readonly kind: "run"; readonly run: StoredRun }
  /** The token of one update (`update-token` in the Authorization header), as it stands there. */
  | { readonly kind: "update"; readonly token: string };

export interface RouteRequest {
  readonly principal: Principal;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: unknown;
  /** `http://HOST:PORT`, as the client reached us. */
  readonly origin: string;
  /** Whose process asks. Costs some milliseconds. */
  readonly peer: () => Holder;
}

export interface StackRequest extends RouteRequest {
  readonly stack: StoredStack;
  readonly organization: string;
}

/** Name to show of who asks. */
export function nameOfPrincipal(principal: Principal): string {
  if (principal.kind === "person") return principal.name;
  return principal.kind === "run" ? `holdfast run ${principal.run.runId}` : "an update";
}

export const isOwn = (request: StackRequest): boolean =>
  request.principal.kind === "person" ||
  (request.principal.kind === "run" && request.principal.run.stackId === request.stack.id);
