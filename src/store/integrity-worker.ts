/** The thread of `findDamage`: checks one database, answers once. */
import { DatabaseSync } from "node:sqlite";
import { parentPort, workerData } from "node:worker_threads";
import { damageOf } from "./damage.ts";
import type { CheckAnswer, CheckRequest } from "./integrity.ts";

/** More findings than these say nothing more. */
const FINDINGS = 3;
/** A daemon that ends a moment later than it is replaced may still hold the file. */
const BUSY_MS = 10_000;

function check({ file, depth }: CheckRequest): CheckAnswer {
  let db: DatabaseSync | undefined;
  try {
    // Read only: a damaged file stays as it was found, with its log beside it.
    db = new DatabaseSync(file, { readOnly: true, timeout: BUSY_MS });
    const pragma = depth === "full" ? "integrity_check" : "quick_check";
    const rows = db.prepare(`PRAGMA ${pragma}(${FINDINGS})`).all();
    const found = rows.map(row => String(Object.values(row)[0])).filter(text => text !== "ok");
    return { damage: found.length > 0 ? found.join("; ") : undefined };
  } catch (error) {
    const damage = damageOf(error);
    return damage === undefined ? { broken: String(error) } : { damage };
  } finally {
    db?.close();
  }
}

parentPort?.postMessage(check(workerData as CheckRequest));
