/** The daemon's settings: flags, then HOLDFAST_* variables, then a settings file; never the watched repository. */
import path from "node:path";
import { fail, ok, type Problem, type Result } from "../engine/failure.ts";
import type { HistoryLimits } from "../engine/ports/history-limits.ts";
import { fromEnvironment, fromFile, fromFlags, resolvePaths, type RawSettings } from "./daemon-sources.ts";
import { backupsOf, minimumFreeOf, type BackupSettings, type MinimumFree } from "./care-settings.ts";
import { historyOf } from "./history-settings.ts";
import { isolationOf, type IsolationSettings } from "./isolation-settings.ts";
import type { DaemonValues } from "./daemon-schema.ts";
import { signerRules, signersOf, type SignerSettings } from "./signer-settings.ts";
import { unreadable } from "./unreadable.ts";

export type { IsolationSettings };

export interface HostCredential {
  readonly host: string;
  /** For https. */
  readonly username: string;
  /** Absolute path, as the others. */
  readonly tokenFile?: string;
  /** Private key for ssh. */
  readonly identityFile?: string;
  readonly knownHostsFile?: string;
}

/** Everything checked, paths absolute, defaults filled in. */
export interface DaemonSettings {
  /** URL or absolute path; undefined: the one that the data folder remembers. */
  readonly repo?: string;
  /** Default main. */
  readonly branch: string;
  readonly data: string;
  readonly listen: { readonly host: string; readonly port: number };
  readonly behindProxy: boolean;
  readonly publicUrl?: string;
  readonly apiTokenRequired: boolean;
  readonly hookSecretFile?: string;
  readonly credentials: readonly HostCredential[];
  /** Undefined where commits need no signature, or nothing is said of it: see requireSignatures. */
  readonly signers?: SignerSettings;
  /** What a person said; undefined: nothing. */
  readonly requireSignatures?: boolean;
  readonly backups: BackupSettings;
  /** Undefined: nothing is said of it, and the defaults count. */
  readonly history?: HistoryLimits;
  /** Undefined: the smaller of 200 MB and 2 % of the disk. */
  readonly minimumFree?: MinimumFree;
  /** Age recipients that the state's keys are wrapped for, beside the keys of this machine. Default none. */
  readonly keyRecipients?: readonly string[];
  /** Origins that packages may come from, beside npm's own. Default none. */
  readonly npmRegistries?: readonly string[];
  readonly pulumi?: string;
  /** Runs at one time. */
  readonly parallelism: number;
  /** How often a probe looks at stacks of which holdfast.yaml does not say it; milliseconds. Undefined: 30 s. */
  readonly probe?: number | "off";
  /** Program workers kept ready. */
  readonly workers: number;
  /** How programs are kept away from the machine; undefined: as `{}`. */
  readonly isolation?: IsolationSettings;
}

export interface DaemonInput {
  /** By the names of settings.yaml (`publicUrl`), undefined where not given. */
  readonly flags: RawSettings;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `--settings`, or HOLDFAST_SETTINGS where that is not given. */
  readonly settingsFile?: string;
  readonly cwd: string;
  /** The user's home folder. */
  readonly home: string;
  /** Numeric user id: root's data is the machine's. */
  readonly uid: number;
  readonly cpus: number;
}

/** No well-known service has this port. */
const DEFAULT_LISTEN = "127.0.0.1:8474";
/** More runs at once than this make each other slow before they make the whole fast. */
const MAX_DEFAULT_PARALLELISM = 8;
/** One in use and one getting ready; each costs about 130 MB. */
const DEFAULT_WORKERS = 2;

function defaultData({ env, home, uid }: DaemonInput): string {
  if (uid === 0) return "/var/lib/holdfast";
  return path.join(env["XDG_DATA_HOME"] || path.join(home, ".local", "share"), "holdfast");
}

function splitListen(listen: string): { host: string; port: number } {
  const colon = listen.lastIndexOf(":");
  return { host: listen.slice(0, colon).replace(/^\[|\]$/g, ""), port: Number(listen.slice(colon + 1)) };
}

const isLoopback = (host: string): boolean =>
  host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host);

function credentialOf(values: NonNullable<DaemonValues["credentials"]>[number]): HostCredential {
  const { host, username = "git", tokenFile, identityFile, knownHostsFile } = values;
  return {
    host,
    username,
    ...(tokenFile === undefined ? {} : { tokenFile }),
    ...(identityFile === undefined ? {} : { identityFile }),
    ...(knownHostsFile === undefined ? {} : { knownHostsFile }),
  };
}

function settingsOf(values: DaemonValues, data: string, cpus: number): DaemonSettings {
  const { repo, publicUrl, hookSecretFile, keyRecipients, pulumi, requireSignatures } = values;
  const signers = signersOf(values);
  const minimumFree = minimumFreeOf(values.minimumFree);
  return {
    ...(signers && { signers }),
    ...(requireSignatures === undefined ? {} : { requireSignatures }),
    ...(keyRecipients === undefined ? {} : { keyRecipients }),
    ...(values.npmRegistries && { npmRegistries: values.npmRegistries }),
    ...(repo === undefined ? {} : { repo }),
    ...(publicUrl === undefined ? {} : { publicUrl }),
    ...(hookSecretFile === undefined ? {} : { hookSecretFile }),
    ...(pulumi === undefined ? {} : { pulumi }),
    ...(values.probe === undefined ? {} : { probe: values.probe }),
    backups: backupsOf(values.backups, data),
    ...(values.history && { history: historyOf(values.history) }),
    ...(minimumFree === undefined ? {} : { minimumFree }),
    branch: values.branch ?? "main",
    data,
    listen: splitListen(values.listen ?? DEFAULT_LISTEN),
    behindProxy: values.behindProxy ?? false,
    apiTokenRequired: values.apiTokenRequired ?? true,
    credentials: (values.credentials ?? []).map(credentialOf),
    parallelism: values.parallelism ?? Math.max(1, Math.min(cpus, MAX_DEFAULT_PARALLELISM)),
    workers: values.workers ?? DEFAULT_WORKERS,
    isolation: isolationOf(values),
  };
}

async function rules(settings: DaemonSettings): Promise<Problem[]> {
  const problems: Problem[] = [];
  if (!isLoopback(settings.listen.host) && !settings.behindProxy)
    problems.push({
      message: `listen: others reach ${settings.listen.host}, and holdfast speaks plain HTTP`,
      hint: "listen on 127.0.0.1, or put a proxy with TLS in front and set behindProxy",
    });
  const hosts = settings.credentials.map(({ host }) => host);
  for (const host of new Set(hosts.filter((name, index) => hosts.indexOf(name) !== index)))
    problems.push({ message: `credentials: two for the host ${host}` });
  problems.push(...(await signerRules(settings)));
  problems.push(...(await unreadable("hookSecretFile", settings.hookSecretFile)));
  problems.push(...(await unreadable("pulumi", settings.pulumi)));
  for (const { host, tokenFile, identityFile, knownHostsFile } of settings.credentials)
    for (const file of [tokenFile, identityFile, knownHostsFile])
      problems.push(...(await unreadable(`credentials for ${host}`, file)));
  return problems;
}

/** Reads all three sources. Failures: config-invalid, with every problem of every source. */
export async function readDaemonSettings(input: DaemonInput): Promise<Result<DaemonSettings>> {
  const [flags, variables] = [fromFlags(input.flags), fromEnvironment(input.env)];
  const problems = [...flags.problems, ...variables.problems];
  const said: DaemonValues = {
    ...resolvePaths(variables.values, input.cwd),
    ...resolvePaths(flags.values, input.cwd),
  };
  const named = input.settingsFile ?? (input.env["HOLDFAST_SETTINGS"] || undefined);
  const data = said.data ?? defaultData(input);
  const own = path.join(data, "settings.yaml");
  const file = await fromFile(
    named === undefined ? own : path.resolve(input.cwd, named),
    named !== undefined,
  );
  if ("problems" in file) problems.push(...file.problems);
  const written = "value" in file ? file.value : {};
  if (named === undefined && written.data !== undefined)
    problems.push({
      message: "data: cannot be set in the data folder itself",
      place: { file: own },
      hint: "use --data or HOLDFAST_DATA",
    });
  const settings = settingsOf({ ...written, ...said }, said.data ?? written.data ?? data, input.cpus);
  if (problems.length === 0) problems.push(...(await rules(settings)));
  return problems.length > 0 ? fail({ kind: "stalled", reason: "config-invalid", problems }) : ok(settings);
}
