/** The parts of a controller, put together once and handed to those who work with them. */
import type { Board } from "./board.ts";
import type { Elsewhere } from "./candidates.ts";
import type { Head, HeadWorld } from "./head.ts";
import type { Loop } from "./loop.ts";
import type { KeyRing } from "./ports/keys.ts";
import type { Findings } from "./probe/findings.ts";
import type { Requests } from "./requests.ts";
import type { RunWorld } from "./run.ts";

export type ControllerWorld = Omit<RunWorld, "checkout"> &
  Pick<HeadWorld, "source" | "reader"> & { readonly keys: KeyRing };

export interface Parts {
  readonly world: ControllerWorld;
  readonly head: Head;
  readonly board: Board;
  readonly loop: Loop;
  readonly requests: Requests;
  readonly findings: Findings;
  readonly elsewhere: Map<string, Elsewhere>;
}
