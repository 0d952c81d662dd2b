/** Entry of the state service's process: `node wire-state-main.ts DATA PORT HISTORY`. Ends when its parent does. */
import path from "node:path";
import { createRemoteKeys } from "../backend/remote-keys.ts";
import { serveState } from "../backend/serve-state.ts";
import type { Excuse, ServiceLog } from "../backend/service.ts";
import { DEFAULT_HISTORY, type HistoryLimits } from "../engine/ports/history-limits.ts";
import { createAsker, isSilence } from "../process/ask-parent.ts";
import { settleHeapWhenQuiet } from "../process/quiet-heap.ts";
import { systemClock } from "../process/system-clock.ts";
import { damageOf, tellDamage } from "../store/damage.ts";
import { fullDiskOf, fullDiskText } from "../store/disk-full.ts";
import { openDatabase } from "../store/database.ts";
import { stateMigrations } from "../store/state-schema.ts";
import { createSqliteStateStore } from "../store/state-sqlite.ts";

const [data = "", port = "0", history = ""] = process.argv.slice(2);
/** Our parent wrote it from its settings. */
const limits = history === "" ? DEFAULT_HISTORY : (JSON.parse(history) as HistoryLimits);
/** What is stored already is safe; the rest is asked for again by nobody. */
const ORPHAN_MS = 1_000;
const ending = new AbortController();
const end = (): void => ending.abort();
process.once("SIGTERM", end);
process.once("disconnect", () => {
  end();
  // Nobody is left to wait for: a request that is still under way must not keep a dead daemon's service alive.
  setTimeout(() => process.exit(), ORPHAN_MS);
});

/** For whoever reads the parent's log: the exit code of a port that is taken. */
const EX_TAKEN = 98;
/**
 * A controller answers within milliseconds; on a machine that is far too busy, within seconds. One that is stopped must
 * not make a person's CLI wait for ever.
 */
const KEYS_MS = 15_000;

function explain(error: unknown): Excuse | undefined {
  if (isSilence(error))
    return {
      status: 503,
      message: `holdfast's controller, which has the keys of the state, does not answer: it is stopped, or has far too much to do (process ${process.ppid}). Try again when \`holdfast status\` answers.`,
    };
  if (damageOf(error) !== undefined)
    return {
      status: 500,
      message: `The database in ${data} is damaged; \`holdfast status\` says what to do.`,
    };
  const full = fullDiskOf(error);
  return full?.certain ? { status: 507, message: fullDiskText(data, full.why) } : undefined;
}

settleHeapWhenQuiet();
const verbose = process.env["HOLDFAST_VERBOSE"] === "1";
const db = openDatabase(path.join(data, "holdfast.db"), stateMigrations);
const log: ServiceLog = (level, message, fields) => {
  if (level === "error" || verbose)
    process.stderr.write(`state service: ${message} ${JSON.stringify(fields)}\n`);
};

/** The port is somebody else's: our parent chooses another one. */
const isTaken = (error: unknown): boolean =>
  error instanceof Error && "code" in error && error.code === "EADDRINUSE";

try {
  await serveState({
    store: tellDamage(createSqliteStateStore(db, limits), why => process.send?.({ damaged: why })),
    keys: createRemoteKeys(createAsker(KEYS_MS)),
    clock: systemClock,
    explain,
    log,
    port: Number(port),
    signal: ending.signal,
    onReady: bound => process.send?.({ port: bound }),
  });
} catch (error) {
  if (!isTaken(error)) throw error;
  process.exitCode = EX_TAKEN;
}
db.close();
process.exit();
