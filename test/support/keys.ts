/** Keys of a data folder, with age keys that a test makes and takes away. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { DatabaseSync } from "node:sqlite";
import type { TestContext } from "node:test";
import { createKeyRing, type OpenKeyRing } from "../../src/backend/key-ring.ts";
import { startKeys } from "../../src/backend/key-start.ts";
import { createAgeKeyWrapper, createStackKeys, type StackKeys } from "../../src/backend/keys.ts";
import type { Result } from "../../src/engine/failure.ts";
import type { StateStore } from "../../src/engine/ports/state-store.ts";
import { systemClock } from "../../src/process/system-clock.ts";
import { makeIdentityFile, withFile } from "../../src/secrets/own-identity.ts";
import { createSealer } from "../../src/secrets/sealer.ts";
import { openDatabase } from "../../src/store/database.ts";
import { stateMigrations } from "../../src/store/state-schema.ts";
import { createSqliteStateStore } from "../../src/store/state-sqlite.ts";
import { identitiesFrom } from "./secrets.ts";

export interface KeyStage {
  readonly data: string;
  readonly ownFile: string;
  readonly legacyFile: string;
  readonly db: DatabaseSync;
  readonly store: StateStore;
  /** One start of a holdfast with these age keys (texts of key files). */
  start(keys: readonly string[], options?: StartOptions): Promise<Result<Started>>;
}

export interface StartOptions {
  readonly further?: readonly string[];
  /** Instead of the stage's own store. */
  readonly store?: StateStore;
}

export interface Started {
  readonly notes: readonly string[];
  readonly stackKeys: StackKeys;
  readonly ring: OpenKeyRing;
}

export function openKeyStage(t: TestContext): KeyStage {
  const data = mkdtempSync(path.join(tmpdir(), "holdfast-keys-"));
  const db = openDatabase(path.join(data, "holdfast.db"), stateMigrations);
  t.after(() => {
    db.close();
    rmSync(data, { recursive: true });
  });
  const store = createSqliteStateStore(db);
  const [ownFile, legacyFile] = [path.join(data, "age-key.txt"), path.join(data, "state.key")];
  return {
    data,
    ownFile,
    legacyFile,
    db,
    store,
    async start(keys, { further = [], store: other = store } = {}) {
      const found = identitiesFrom(keys.length > 0 ? { SOPS_AGE_KEY: keys.join("\n") } : {});
      const sealer = createSealer(withFile(found, ownFile));
      const makeIdentity = () => makeIdentityFile(ownFile);
      const started = await startKeys({ store: other, sealer, further, legacyFile, makeIdentity });
      if (!started.ok) return started;
      const stackKeys = createStackKeys(createAgeKeyWrapper(sealer, other), other);
      const ring = createKeyRing({ store: other, sealer, stackKeys, clock: systemClock, further });
      return { ok: true, value: { notes: started.value, stackKeys, ring } };
    },
  };
}
