/** How a call to a target ends: with a value, or with trouble that a person can act on. Exceptions are bugs of ours. */

export interface Trouble {
  /**
   * `unreachable`: no answer from the target, nothing was done. `timed-out`: the deadline passed, nobody knows what was
   * done. `denied`: the target's permissions forbid it. `refused`: we do not do that. `cancelled`: the engine took it
   * back. `failed`: anything else that the target said.
   */
  readonly kind: "unreachable" | "timed-out" | "denied" | "refused" | "cancelled" | "failed";
  readonly message: string;
}

export type Outcome<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly trouble: Trouble };

export const done = <T>(value: T): { ok: true; value: T } => ({ ok: true, value });

export const trouble = (kind: Trouble["kind"], message: string): { ok: false; trouble: Trouble } => ({
  ok: false,
  trouble: { kind, message },
});
