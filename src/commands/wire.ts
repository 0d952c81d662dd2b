/** Builds every part of a working holdfast by hand, top to bottom. The one place that sees all rooms. */
import { randomInt } from "node:crypto";
import { answerAboutKeys } from "../backend/remote-keys.ts";
import { createPeopleTokens, hashToken, type PeopleTokens } from "../backend/tokens.ts";
import { createStateControl } from "../backend/state-control.ts";
import { createEstateReader } from "../config/estate-reader.ts";
import { createController, type Controller } from "../engine/controller.ts";
import type { EventListener } from "../engine/event.ts";
import { ok, type Result } from "../engine/failure.ts";
import type { LiveProcess, Records } from "../engine/ports/records.ts";
import type { Source } from "../engine/ports/source.ts";
import { noteIsolation } from "../engine/program-isolation.ts";
import { PROBE_EVERY } from "../engine/probe/schedule.ts";
import { recover } from "../engine/recover.ts";
import { workInBatches } from "../process/batches.ts";
import { endGroup } from "../process/session.ts";
import { systemClock } from "../process/system-clock.ts";
import { removeOldOperations } from "../pulumi/home.ts";
import { createSecretReader } from "../secrets/reader.ts";
import { createRedactor } from "../secrets/redactor.ts";
import { inDataFolder, makeDataFolder } from "../store/data-folder.ts";
import { claimData } from "../store/data-lock.ts";
import { checkDatabase, createCare, type Care } from "./wire-care.ts";
import { openSource, openStores, type Stores } from "./wire-data.ts";
import { tellingDisk } from "./wire-disk.ts";
import {
  announce,
  findCli,
  HOLDFAST,
  makeRunDir,
  present,
  SYSTEM,
  type Found,
  type OpenOptions,
} from "./wire-found.ts";
import { isolatePrograms } from "./wire-isolation.ts";
import { openKeys } from "./wire-keys.ts";
import { startStateProcess } from "./wire-state.ts";
import { makeTools, startProviders } from "./wire-tools.ts";

export interface Holdfast {
  readonly controller: Controller;
  readonly records: Records;
  readonly source: Source;
  readonly redact: (text: string) => string;
  /** Of the helper processes, for tests and the curious. */
  readonly pids: () => { readonly state: number | undefined; readonly providers: number | undefined };
  readonly stateUrl: string;
  readonly tokens: PeopleTokens;
  readonly care: Pick<Care, "facts" | "explain">;
  /** Whose token this is. */
  readonly person: (token: string) => Promise<string | undefined>;
  /** Ends runs within the grace, helpers, and the lock. */
  readonly close: (graceMs: number) => Promise<void>;
}

/** Sortable, readable, unique within a daemon: `261121-142501-k3f9`. */
function newRunId(now: number): string {
  const stamp = new Date(now)
    .toISOString()
    .replace(/[-:TZ]/g, "")
    .slice(2, 14);
  return `${stamp.slice(0, 6)}-${stamp.slice(6)}-${randomInt(36 ** 4)
    .toString(36)
    .padStart(4, "0")}`;
}

/** Ends what an earlier life left behind. */
const endProcess = async ({ pid, startTime }: LiveProcess): Promise<boolean> => endGroup(pid, startTime);

/** Opens the data folder, starts the helpers, cleans up after a crash. Failures: stack-busy (somebody has the folder), config-invalid, plugin-missing. */
export async function openHoldfast(options: OpenOptions): Promise<Result<Holdfast>> {
  const { settings } = options;
  const made = makeDataFolder(settings.data);
  if (!made.ok) return made;
  const lock = claimData(settings.data, options.what);
  if (!lock.ok) return lock;
  workInBatches();
  const opened = await openLocked(options);
  if (!opened.ok) {
    lock.value.release();
    return opened;
  }
  return ok({
    ...opened.value,
    close: graceMs => opened.value.close(graceMs).finally(() => lock.value.release()),
  });
}

async function openLocked(options: OpenOptions): Promise<Result<Holdfast>> {
  const { data } = options.settings;
  const whole = await checkDatabase(options);
  if (!whole.ok) return whole;
  const stores = inDataFolder(data, () => openStores(data, options.settings.history));
  if (!stores.ok) return stores;
  const opened = await openWithStores(options, stores.value);
  if (!opened.ok) {
    stores.value.close();
    return opened;
  }
  return ok({
    ...opened.value,
    close: graceMs => opened.value.close(graceMs).finally(() => stores.value.close()),
  });
}

async function openWithStores(options: OpenOptions, stores: Stores): Promise<Result<Holdfast>> {
  const { settings, env } = options;
  const { records } = stores;
  const source = await openSource(records, settings, env);
  if (!source.ok) return source;
  const keys = await openKeys(settings, env, stores.store, text =>
    options.listener({ type: "message", level: "info", text, at: systemClock.now() }),
  );
  if (!keys.ok) return keys;
  const careful = { env, settings: { ...settings, repo: source.value.url } };
  const care = await createCare(careful, records, options.listener);
  if (!care.ok) return care;
  stores.damage.listen(why => care.value.damaged(why));
  const cli = await findCli(options);
  if (!cli.ok) return cli;
  const system = present(env, SYSTEM);
  const runDir = makeRunDir(settings.data);
  const onNone = (why: string): void => sayNotIsolated(options, why);
  const isolating = isolatePrograms({ settings, holdfast: HOLDFAST, runDir, env, onNone });
  const state = await startStateProcess({
    data: settings.data,
    history: settings.history,
    records,
    env: { ...system, ...present(env, ["HOLDFAST_VERBOSE", "HOLDFAST_TEST_CLOCK"]) },
    answer: answerAboutKeys(keys.value.wrapper),
    onDeath: announce(options, "state service"),
    onDamage: stores.damage.ring,
  });
  const box = await isolating;
  if (!box.ok) {
    await state.stop();
    return box;
  }
  await noteIsolation(records, box.value?.isolation.hold ?? "none");
  const known = { source: source.value, cli: cli.value, care: care.value, keys: keys.value };
  return ok(await assemble(options, stores, { ...known, state, system, runDir, box: box.value }));
}

/** A person's own command would say it each time; `holdfast doctor` says it too. */
function sayNotIsolated({ automatic, listener }: OpenOptions, why: string): void {
  const text = `programs are not isolated: ${why}. They run as this user and see what it sees; docs/security.md says more`;
  if (automatic) listener({ type: "message", level: "warning", text, at: systemClock.now() });
}

/** What goes on beside the daemon does not end it. */
function noting(listener: EventListener, what: string): (work: Promise<void>) => void {
  return work =>
    void work.catch((error: unknown) => {
      const text = `${what}: ${String(error)}`;
      listener({ type: "message", level: "error", text, at: systemClock.now() });
    });
}

async function assemble(options: OpenOptions, stores: Stores, found: Found): Promise<Holdfast> {
  const { settings } = options;
  const { records, store } = stores;
  const { source, state: service } = found;
  const redactor = createRedactor();
  const redact = (text: string): string => redactor.redact(text);
  const { ring, wrapper, identities } = found.keys;
  const own = createStateControl({
    store,
    keys: wrapper,
    url: service.url,
    clock: systemClock,
  });
  const state = options.elsewhere ? options.elsewhere.state(own) : own;
  const providers = startProviders(options, found, redact, (runId, urn) => state.mayMutate(runId, urn));
  const tools = makeTools(options, records, found, redactor);
  await recover({ records, state, endProcess, now: systemClock.now });
  await removeOldOperations(found.runDir);
  const secrets = createSecretReader({ redactor, identities });
  const controller = createController(
    {
      ...tools,
      source: tellingDisk(source, settings),
      reader: createEstateReader(),
      secrets,
      providers,
      state,
      keys: ring,
      records,
      care: found.care,
      clock: systemClock,
      emit: options.listener,
    },
    {
      parallel: settings.parallelism,
      automatic: options.automatic,
      newId: newRunId,
      probe: settings.probe ?? PROBE_EVERY,
    },
  );
  await controller.load();
  await found.care.start(options.automatic);
  // What a killed holdfast had not come to encrypt anew.
  noting(options.listener, "stored secrets could not be encrypted anew")(ring.resume());
  const close = async (graceMs: number): Promise<void> => {
    await controller.stop(graceMs);
    await found.care.stop();
    await Promise.all([tools.workers.close(), providers.stop(), service.stop(), ring.close()]);
    tools.notes.stop();
    tools.removeRunDir();
  };
  const person = async (token: string): Promise<string | undefined> => {
    const name = (await store.tokenByHash(hashToken(token)))?.name;
    if (name !== undefined) await store.tokenUsed(name, systemClock.now());
    return name;
  };
  const tokens = createPeopleTokens(store, systemClock.now);
  const pids = () => ({ state: service.pid(), providers: providers.pid() });
  return {
    controller,
    records,
    source,
    redact,
    care: found.care,
    stateUrl: service.url,
    tokens,
    person,
    pids,
    close,
  };
}
