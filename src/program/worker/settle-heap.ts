/** A clean heap to start from, and room above it. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/**
 * How far the heap may grow until V8 marks it again, in per cent of what lives now: as far as V8 itself ever lets it
 * (kMaxGrowingFactor of its heap-controller.h is 4). In a process that waited it lets it grow by less than a half, and
 * marks in the middle of the run. Only this first time: of what a large program takes, V8 decides.
 */
const ROOM = 300;
const AS_V8_LIKES = 0;

/**
 * Collects what loading left behind. Without it the collection falls into the run, beside 40 MB of loaded code that
 * all lives: 80 ms of CPU time. The function exists in a context of its own only; the program does not get it.
 */
export function settleHeap(): void {
  collect ??= exposed();
  setFlagsFromString(`--heap-growing-percent=${ROOM}`);
  collect({ type: "major" });
  setFlagsFromString(`--heap-growing-percent=${AS_V8_LIKES}`);
}

type Collect = (options: { readonly type: "major" }) => void;
let collect: Collect | undefined;

function exposed(): Collect {
  setFlagsFromString("--expose-gc");
  const found = runInNewContext("gc") as Collect;
  setFlagsFromString("--no-expose-gc");
  return found;
}
