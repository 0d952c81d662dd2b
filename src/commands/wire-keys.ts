/** The state's keys: opened for a working holdfast, and for `holdfast keys` by itself. */
import { existsSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { createKeyRing, type OpenKeyRing } from "../backend/key-ring.ts";
import { startKeys } from "../backend/key-start.ts";
import { createAgeKeyWrapper, createStackKeys, type KeyWrapper } from "../backend/keys.ts";
import type { DaemonSettings } from "../config/daemon.ts";
import { fail, ok, type Result } from "../engine/failure.ts";
import type { KeyRing } from "../engine/ports/keys.ts";
import type { Sealer } from "../engine/ports/sealer.ts";
import type { StateStore, StoredKey } from "../engine/ports/state-store.ts";
import { homeFolder } from "../process/home-folder.ts";
import { systemClock } from "../process/system-clock.ts";
import { createIdentitySource, type IdentitySource } from "../secrets/identities.ts";
import { makeIdentityFile, withFile } from "../secrets/own-identity.ts";
import { createSealer } from "../secrets/sealer.ts";
import { connectControl } from "../server/client.ts";
import { inDataFolder } from "../store/data-folder.ts";
import { claimData } from "../store/data-lock.ts";
import type { GlobalArgs, Io } from "./command.ts";
import { openStores } from "./wire-data.ts";
import { settingsFor } from "./wire-settings.ts";
import { socketOf } from "./wire-socket.ts";

/** An age key of the data folder's own, made where no other is found. */
export const ownKeyFile = (data: string): string => path.join(data, "age-key.txt");

/** Identities as sops finds them, and the data folder's own: for keys and backups, not for the repository's secrets. */
export const sealerFor = (identities: IdentitySource, data: string): Sealer =>
  createSealer(withFile(identities, ownKeyFile(data)));

export interface OpenedKeys {
  readonly wrapper: KeyWrapper;
  readonly ring: OpenKeyRing;
  readonly sealer: Sealer;
  /** Without the data folder's own. */
  readonly identities: IdentitySource;
}

/** Failures: key-missing, config-invalid. `tell` says what a person should know. */
export async function openKeys(
  settings: Pick<DaemonSettings, "data" | "keyRecipients">,
  env: NodeJS.ProcessEnv,
  store: StateStore,
  tell: (text: string) => void,
): Promise<Result<OpenedKeys>> {
  const { data, keyRecipients: further = [] } = settings;
  const identities = createIdentitySource({ env, home: homeFolder(), platform: os.platform() });
  const sealer = sealerFor(identities, data);
  const started = await startKeys({
    store,
    sealer,
    further,
    legacyFile: path.join(data, "state.key"),
    makeIdentity: () => makeIdentityFile(ownKeyFile(data)),
  });
  if (!started.ok) return started;
  started.value.forEach(tell);
  const wrapper = createAgeKeyWrapper(sealer, store);
  const stackKeys = createStackKeys(wrapper, store);
  const ring = createKeyRing({ store, sealer, stackKeys, clock: systemClock, further });
  return ok({ wrapper, ring, sealer, identities });
}

function noFolder(data: string): Result<never> {
  const message = `${data} is no data folder of holdfast yet`;
  const hint = "start `holdfast serve` once, or say where it is with --data";
  return fail({ kind: "stalled", reason: "config-invalid", problems: [{ message, hint }] });
}

export interface KeyList {
  readonly keys: readonly StoredKey[];
  /** Who new keys are wrapped for. */
  readonly recipients: readonly string[];
  /** Recipients of the age keys that are found from here. */
  readonly here: readonly string[];
}

/** Straight from the database: also beside a daemon, and where no key is there to open anything. */
export async function listKeys(args: GlobalArgs, io: Io): Promise<Result<KeyList>> {
  const settings = await settingsFor(args, io);
  if (!settings.ok) return settings;
  const { data } = settings.value;
  if (!existsSync(path.join(data, "holdfast.db"))) return noFolder(data);
  const stores = inDataFolder(data, () => openStores(data));
  if (!stores.ok) return stores;
  const { store, close } = stores.value;
  try {
    const source = createIdentitySource({ env: io.env, home: homeFolder(), platform: os.platform() });
    const { recipients: here } = await sealerFor(source, data).own();
    return ok({ keys: await store.allKeys(), recipients: await store.keyRecipients(), here });
  } finally {
    close();
  }
}

type Rotation = ReturnType<KeyRing["rotate"]>;

async function rotateHere(
  settings: DaemonSettings,
  io: Io,
  request: Parameters<KeyRing["rotate"]>[0],
  tell: (text: string) => void,
): Rotation {
  const { data } = settings;
  if (!existsSync(path.join(data, "holdfast.db"))) return noFolder(data);
  const lock = claimData(data, "holdfast keys");
  if (!lock.ok) return lock;
  try {
    const stores = inDataFolder(data, () => openStores(data));
    if (!stores.ok) return stores;
    try {
      const opened = await openKeys(settings, io.env, stores.value.store, tell);
      return opened.ok ? await opened.value.ring.rotate(request, tell) : opened;
    } finally {
      stores.value.close();
    }
  } finally {
    lock.value.release();
  }
}

/** Through the daemon of the data folder where one runs. */
export async function rotateKeys(
  args: GlobalArgs,
  io: Io,
  request: Parameters<KeyRing["rotate"]>[0],
  tell: (text: string) => void,
): Rotation {
  const settings = await settingsFor(args, io);
  if (!settings.ok) return settings;
  const { data } = settings.value;
  const daemon = existsSync(data)
    ? await connectControl(socketOf(data), event => {
        if (event.type === "message") tell(event.text);
      })
    : undefined;
  return daemon ? daemon.rotateKeys(request) : rotateHere(settings.value, io, request, tell);
}
