/** A stack's state on its way out: read from our database, closed with a passphrase, and looked at where it arrived. */
import { existsSync, mkdtempSync, symlinkSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import { platform, tmpdir } from "node:os";
import path from "node:path";
import { createAgeKeyWrapper } from "../backend/keys.ts";
import { createStateControl } from "../backend/state-control.ts";
import { sealedFor } from "../backend/deployment/hand-over.ts";
import type { DaemonSettings } from "../config/daemon.ts";
import { fail, ok, type Result } from "../engine/failure.ts";
import type { PendingOperation, StateControl } from "../engine/ports/state.ts";
import type { Pulumi } from "../engine/ports/pulumi.ts";
import type { RunRecord } from "../engine/ports/records.ts";
import { homeFolder } from "../process/home-folder.ts";
import { systemClock } from "../process/system-clock.ts";
import { newPassphraseKey, type PassphraseKey } from "../pulumi/passphrase-seal.ts";
import { createIdentitySource } from "../secrets/identities.ts";
import { inDataFolder } from "../store/data-folder.ts";
import type { GlobalArgs, Io } from "./command.ts";
import { openStores, REPOSITORY } from "./wire-data.ts";
import { passphraseOf, personEnvironment } from "./wire-foreign.ts";
import { sealerFor } from "./wire-keys.ts";
import { settingsFor } from "./wire-settings.ts";
import { openHoldfast } from "./wire.ts";

/** How long the temporary holdfast's end may take: it only looked. */
const GRACE_MS = 1000;
const BACKENDS_ORGANIZATION = "organization";

const invalid = (message: string, hint: string): Result<never> =>
  fail({ kind: "stalled", reason: "config-invalid", problems: [{ message, hint }] });

export interface HandOver {
  /** Secrets in the clear: for memory only. */
  readonly opened: unknown;
  /** The same for the passphrase, as `pulumi stack import` takes it. */
  readonly sealed: unknown;
  readonly key: PassphraseKey;
  readonly resources: number;
  /** Of the state that was read. */
  readonly version: number;
  readonly pending: readonly PendingOperation[];
  /** Commit that the state is of; undefined where holdfast never deployed it. */
  readonly deployed: string | undefined;
  readonly repository: string;
  readonly settings: DaemonSettings;
  /** Opens what `config set --secret` wrote. */
  readonly decrypt: (...given: Parameters<StateControl["decrypt"]>) => ReturnType<StateControl["decrypt"]>;
  /** The version as it is now: another one says that the state moved meanwhile. */
  readonly versionNow: () => Promise<number>;
  readonly close: () => void;
}

/** Reads the state, also beside a daemon. Failures: config-invalid, state-unreadable. */
export async function openHandOver(args: GlobalArgs, io: Io, stack: string): Promise<Result<HandOver>> {
  const read = await settingsFor(args, io);
  if (!read.ok) return read;
  const settings = read.value;
  const passphrase = await passphraseOf(io);
  if (!passphrase.ok) return passphrase;
  if (!existsSync(path.join(settings.data, "holdfast.db")))
    return invalid(`${settings.data} is no data folder of holdfast yet`, "say where it is with --data");
  const opened = inDataFolder(settings.data, () => openStores(settings.data));
  if (!opened.ok) return opened;
  const { store, records, close } = opened.value;
  const identities = createIdentitySource({ env: io.env, home: homeFolder(), platform: platform() });
  const keys = createAgeKeyWrapper(sealerFor(identities, settings.data), store);
  const state = createStateControl({ store, keys, url: "", clock: systemClock });
  const exported = await state.exportState(stack, { openSecrets: true });
  if (!exported.ok) {
    close();
    return exported;
  }
  const key = await newPassphraseKey(passphrase.value);
  const manager = { type: "passphrase", state: { salt: key.salt } };
  const sealed = sealedFor(exported.value, manager, text => key.seal(text));
  if (sealed === undefined) {
    close();
    const why = `${stack}: a secret of its state cannot be opened with the stack's key`;
    return fail({ kind: "stalled", reason: "state-unreadable", why });
  }
  const status = await records.status(stack);
  return ok({
    opened: exported.value,
    sealed,
    key,
    resources: (await state.stacks()).find(({ name }) => name === stack)?.resources ?? 0,
    version: await state.version(stack),
    pending: await state.pending(stack),
    deployed: status?.deployed?.sha,
    repository: settings.repo ?? (await records.setting(REPOSITORY)) ?? "",
    settings,
    decrypt: (name, ciphertexts) => state.decrypt(name, ciphertexts),
    versionNow: () => state.version(stack),
    close,
  });
}

/** Our own state service is not asked: the CLI looks at the state where it is now. */
const stateAt =
  (url: string, { key, decrypt }: HandOver) =>
  (own: StateControl): StateControl => ({
    ...own,
    encrypt: async (_, plaintexts) => plaintexts.map(text => key.seal(text)),
    decrypt,
    openRun: async () => ({ url, token: "", organization: BACKENDS_ORGANIZATION }),
  });

/** The run's own config file says which salt its secrets are under. */
const configUnder =
  ({ salt }: PassphraseKey) =>
  (own: Pulumi): Pulumi => ({
    ...own,
    writeConfig: async request => {
      const written = await own.writeConfig(request);
      if (!written.ok) return written;
      const { file } = written.value;
      const config: unknown = JSON.parse(await readFile(file, "utf8"));
      await writeFile(file, JSON.stringify({ ...Object(config), encryptionsalt: salt }));
      return written;
    },
  });

/** Packages that are installed already are not installed again. */
function shareInstalls(from: string, to: string): void {
  for (const name of ["installs", "compile-cache"]) {
    const there = path.join(from, name);
    if (existsSync(there)) symlinkSync(there, path.join(to, name));
  }
}

/**
 * A plan of the plain CLI against a backend at `url`, with the revision that the state is of: by a holdfast in a temporary
 * folder, so that neither records nor state of the real one know of it.
 */
export async function planAt(
  io: Io,
  over: HandOver,
  stack: string,
  url: string,
): Promise<Result<readonly RunRecord[]>> {
  const data = mkdtempSync(path.join(tmpdir(), "holdfast-move-"));
  try {
    shareInstalls(over.settings.data, data);
    const backups = { ...over.settings.backups, enabled: false };
    const opened = await openHoldfast({
      settings: { ...over.settings, data, repo: over.repository, workers: 0, backups },
      env: io.env,
      cwd: io.cwd,
      what: "holdfast export-state",
      automatic: false,
      listener: () => undefined,
      elsewhere: {
        env: personEnvironment(io),
        state: stateAt(url, over),
        pulumi: configUnder(over.key),
      },
    });
    if (!opened.ok) return opened;
    const { controller, close } = opened.value;
    try {
      const imported = await controller.importState(stack, over.opened);
      if (!imported.ok) return imported;
      const { deployed } = over;
      const by = "holdfast export-state";
      return await controller.ask({
        stacks: [stack],
        mode: "plan",
        by,
        ...(deployed && { revision: deployed }),
      });
    } finally {
      await close(GRACE_MS);
    }
  } finally {
    await rm(data, { recursive: true, force: true });
  }
}
