/** The state service's process, on the same port for as long as the data folder lives. */
import path from "node:path";
import { DEFAULT_HISTORY, type HistoryLimits } from "../engine/ports/history-limits.ts";
import type { Records } from "../engine/ports/records.ts";
import { supervise, type Supervised } from "../process/supervise.ts";

export interface StateProcess {
  readonly url: string;
  readonly pid: () => number | undefined;
  readonly stop: () => Promise<void>;
}

export interface StateProcessOptions {
  readonly data: string;
  readonly history?: HistoryLimits | undefined;
  readonly records: Records;
  readonly env: Readonly<Record<string, string>>;
  /** Answers what the service asks: to wrap and unwrap data keys. */
  readonly answer: (question: unknown) => Promise<unknown>;
  readonly onDeath: (how: string) => void;
  /** The service met damage in the database. */
  readonly onDamage: (why: string) => void;
}

export const PORT_SETTING = "state.port";
const START_MS = 20_000;
const ENTRY = path.join(import.meta.dirname, "wire-state-main.ts");

const damageIn = (message: unknown): string | undefined =>
  typeof message === "object" &&
  message !== null &&
  "damaged" in message &&
  typeof message.damaged === "string"
    ? message.damaged
    : undefined;

const portOf = (message: unknown): number =>
  typeof message === "object" && message !== null && "port" in message && typeof message.port === "number"
    ? message.port
    : 0;

/** Its first start finds out whether the port is free; where somebody else has taken it, another one is taken for good. */
async function startOn(
  port: string,
  options: StateProcessOptions,
): Promise<{ kept: Supervised; port: number }> {
  const { data, history = DEFAULT_HISTORY, env, answer, onDeath, onDamage } = options;
  const onMessage = (message: unknown): void => {
    const why = damageIn(message);
    if (why !== undefined) onDamage(why);
  };
  const startOptions = { env, startMs: START_MS, answer, onDeath, onMessage };
  const kept = supervise({ entry: ENTRY, args: [data, port, JSON.stringify(history)], ...startOptions });
  try {
    return { kept, port: portOf(await kept.ready) };
  } catch (error) {
    await kept.stop();
    throw error;
  }
}

/** A port of our own is asked for once; after that the process is started on just that one, so that CLIs find it again. */
async function choosePort(options: StateProcessOptions): Promise<string> {
  const { kept, port } = await startOn("0", options);
  await kept.stop();
  await options.records.setSetting(PORT_SETTING, String(port));
  return String(port);
}

export async function startStateProcess(options: StateProcessOptions): Promise<StateProcess> {
  const known = await options.records.setting(PORT_SETTING);
  const wanted = known ?? (await choosePort(options));
  const started = await startOn(wanted, options).catch(async () => {
    const moved = await choosePort(options);
    options.onDeath(
      `port ${wanted} cannot be had any more, somebody else has it; from now on it is ${moved}: who used \`pulumi login\` logs in there again`,
    );
    return startOn(moved, options);
  });
  return { url: `http://127.0.0.1:${started.port}`, pid: started.kept.pid, stop: started.kept.stop };
}
