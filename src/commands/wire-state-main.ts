/** Entry of the state service's process: `node wire-state-main.ts DATA PORT ORGANIZATION`. Ends when its parent does. */
import path from "node:path";
import { createFileKeyWrapper } from "../backend/keys.ts";
import { serveState } from "../backend/serve-state.ts";
import { systemClock } from "../process/system-clock.ts";
import { openDatabase } from "../store/database.ts";
import { stateMigrations } from "../store/state-schema.ts";
import { createSqliteStateStore } from "../store/state-sqlite.ts";

const [data = "", port = "0", organization = "organization"] = process.argv.slice(2);
const ending = new AbortController();
const end = (): void => ending.abort();
process.once("SIGTERM", end);
process.once("disconnect", end);

const verbose = process.env["HOLDFAST_VERBOSE"] === "1";
const db = openDatabase(path.join(data, "holdfast.db"), stateMigrations);
await serveState({
  store: createSqliteStateStore(db),
  keys: createFileKeyWrapper(path.join(data, "state.key")),
  organization,
  clock: systemClock,
  log: (level, message, fields) => {
    if (level === "error" || verbose)
      process.stderr.write(`state service: ${message} ${JSON.stringify(fields)}\n`);
  },
  port: Number(port),
  signal: ending.signal,
  onReady: bound => process.send?.({ port: bound }),
});
db.close();
process.exit(0);
