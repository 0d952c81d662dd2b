/** Waits until the estate is back: everything that Git wants is deployed, as holdfast says itself, and nobody works. */
import { wait } from "./faults/fault.ts";
import { readBook, type Status } from "./database.ts";
import type { Estate } from "./estate.ts";
import type { Scene } from "./scene.ts";

/** Far beyond the longest sum of waits between attempts that a round can bring about, on a machine with other work. */
export const PATIENCE_MS = 300_000;
const LOOK_MS = 100;

const isBack = (status: Status | undefined, head: string): boolean =>
  status?.deployed?.sha === head && status.failure === undefined && status.touchedAt === undefined;

const inWords = (name: string, status: Status | undefined): string => {
  const { deployed, attempted, failure, retryAt } = status ?? {};
  return `${name}: deployed ${deployed?.sha ?? "never"}, attempted ${attempted?.sha ?? "never"}, ${JSON.stringify(failure ?? "no failure")}, next attempt ${retryAt === undefined ? "when due" : new Date(retryAt).toISOString()}`;
};

function missing({ data }: Scene, estate: Estate, head: string): string[] {
  try {
    return readBook(data, book => {
      const statuses = new Map(book.statuses().map(status => [status.stack, status]));
      const behind = estate.filter(({ name }) => !isBack(statuses.get(name), head));
      const working = ["runs WHERE ended IS NULL", "state_runs", "processes"].filter(
        what => book.count(what) > 0,
      );
      return [
        ...behind.map(({ name }) => inWords(name, statuses.get(name))),
        ...working.map(what => `somebody works: ${what}`),
      ];
    });
  } catch (error) {
    // Before its first start there is no database; and while it is made anew, none that can be read.
    return [String(error)];
  }
}

/** Undefined once it is back; else what was still missing when patience ended. */
export async function waitUntilBack(
  scene: Scene,
  estate: Estate,
  head: string,
): Promise<readonly string[] | undefined> {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    const left = missing(scene, estate, head);
    if (left.length === 0) return undefined;
    const unasked = scene.daemon.unasked();
    if (unasked !== undefined) return [unasked];
    if (Date.now() > end) return [`not back after ${PATIENCE_MS / 1000} s`, ...left];
    await wait(LOOK_MS);
  }
}
