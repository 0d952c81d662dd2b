/** Tokens, straight in the database: also while a daemon runs, which looks each one up when it is used. */
import { existsSync } from "node:fs";
import path from "node:path";
import { createPeopleTokens, type PeopleTokens } from "../backend/tokens.ts";
import { fail, ok, type Result } from "../engine/failure.ts";
import { systemClock } from "../process/system-clock.ts";
import { openDatabase } from "../store/database.ts";
import { createSqliteRecords, recordsMigrations } from "../store/records-sqlite.ts";
import { stateMigrations } from "../store/state-schema.ts";
import { createSqliteStateStore } from "../store/state-sqlite.ts";
import type { GlobalArgs, Io } from "./command.ts";
import { settingsFor } from "./wire-settings.ts";
import { PORT_SETTING } from "./wire-state.ts";

export interface TokenDesk {
  readonly tokens: PeopleTokens;
  /** Where `pulumi login` goes; undefined before the first start. */
  readonly stateUrl: string | undefined;
  readonly close: () => void;
}

export async function openTokens(args: GlobalArgs, io: Io): Promise<Result<TokenDesk>> {
  const settings = await settingsFor(args, io);
  if (!settings.ok) return settings;
  const { data } = settings.value;
  const file = path.join(data, "holdfast.db");
  if (!existsSync(file)) {
    const problem = {
      message: `${data} is no data folder of holdfast yet`,
      hint: "start `holdfast serve` once, or say where it is with --data",
    };
    return fail({ kind: "stalled", reason: "config-invalid", problems: [problem] });
  }
  const db = openDatabase(file, [...recordsMigrations, ...stateMigrations]);
  const port = await createSqliteRecords(db).setting(PORT_SETTING);
  const stateUrl = port === undefined ? undefined : `http://127.0.0.1:${port}`;
  return ok({
    tokens: createPeopleTokens(createSqliteStateStore(db), systemClock.now),
    stateUrl,
    close: () => db.close(),
  });
}
