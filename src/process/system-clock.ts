/** The machine's own time. */
import { readFileSync } from "node:fs";

/** For tests only: a file with the milliseconds by which the wall clock is off, read at each look. Timers do not jump. */
const OFFSET_FILE = process.env["HOLDFAST_TEST_CLOCK"];

function offset(file: string): number {
  const ms = Number(readFileSync(file, "utf8"));
  if (!Number.isFinite(ms)) throw new Error(`HOLDFAST_TEST_CLOCK: ${file} holds no number of milliseconds`);
  return ms;
}

/** Structurally the engine's `Clock`. */
export const systemClock = {
  now: (): number => Date.now() + (OFFSET_FILE ? offset(OFFSET_FILE) : 0),
  after(ms: number, callback: () => void): () => void {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
  random: (): number => Math.random(),
};
