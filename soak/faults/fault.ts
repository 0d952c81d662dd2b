/** A kind of fault: what it is called, how often it is chosen, and how it is done. */
import type { Random } from "../random.ts";
import type { Scene } from "../scene.ts";

/** What only one fault at a time may have in its hands. */
export type Hold = "daemon" | "disk" | "git" | "mirror";

export interface Injected {
  /** For the list of faults: which process, how long. */
  readonly what: string;
  /** When it has ended: at once, or when what was taken away is back. Rejects where it found a violation itself. */
  readonly over: Promise<void>;
}

export interface Fault {
  readonly kind: string;
  readonly weight: number;
  readonly holds: readonly Hold[];
  /** Undefined: nobody was there to be hit. */
  inject(scene: Scene, random: Random): Promise<Injected | undefined>;
}

export const at = (what: string): Injected => ({ what, over: Promise.resolve() });

export const wait = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms));

/** How long a victim is waited for: the next fetch or the next run is not far. */
const PATIENCE_MS = 1_500;

export async function victim<T>(look: () => T | undefined, everyMs: number): Promise<T | undefined> {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    const found = look();
    if (found !== undefined || Date.now() > end) return found;
    await wait(everyMs);
  }
}

/** False where it is gone already. */
export function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ESRCH") return false;
    throw error;
  }
}
