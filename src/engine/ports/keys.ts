/** The keys that the state's secrets are encrypted with, as people ask for them. */
import type { Result } from "../failure.ts";

export interface RotateKeys {
  /** Recipients (age1…) that can open the keys from now on, and nobody else; empty: as before. */
  readonly to: readonly string[];
  /** The data keys stay; they are only wrapped anew. */
  readonly wrapOnly: boolean;
  readonly by: string;
}

export interface KeyRotation {
  /** Who can open the keys now. */
  readonly recipients: readonly string[];
  /** Data keys that were wrapped anew, old ones included. */
  readonly wrapped: number;
  /** Stacks that have a new data key. */
  readonly stacks: number;
  /** Values in stored states that were encrypted anew. */
  readonly values: number;
}

export interface KeyRing {
  /** Failures: config-invalid, where a recipient is none or nobody here could open the keys; key-missing. */
  rotate(request: RotateKeys, onProgress: (text: string) => void): Promise<Result<KeyRotation>>;
}
