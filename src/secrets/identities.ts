/**
 * Where the age key is: everywhere that sops (v3.13 age/keysource.go) looks, all places together. SSH keys and age
 * plugins are left out.
 */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { identityToRecipient } from "age-encryption";
import { run } from "../process/run.ts";
import { splitWords } from "./words.ts";

export interface Identity {
  /** AGE-SECRET-KEY-…; stays in memory. */
  readonly secret: string;
  /** age1… */
  readonly recipient: string;
}

export interface Identities {
  readonly keys: readonly Identity[];
  /** Every place that was looked at, for the message. */
  readonly looked: readonly string[];
  /** Places that hold something unusable, and why; never the content. */
  readonly problems: readonly string[];
}

export interface IdentitySource {
  /** Reads the keys the first time, and answers the same afterwards. */
  load(): Promise<Identities>;
  /** Reads them again: a key may have been put there since. */
  reload(): Promise<Identities>;
}

export interface IdentityOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  readonly platform: NodeJS.Platform;
}

/** A key command may ask a hardware key or a password manager; longer than this nobody waits. */
const COMMAND_DEADLINE_MS = 30_000;
const MAX_COMMAND_OUTPUT = 64 * 1024;

interface Found {
  readonly place: string;
  readonly text?: string;
  readonly problem?: string;
}

const XDG = "XDG_CONFIG_HOME";

/** `<user config folder>/sops/age/keys.txt`, as Go's os.UserConfigDir has it. */
export function userKeyFile({ env, home, platform }: IdentityOptions): string {
  const xdg = env[XDG];
  const fallback =
    platform === "darwin" ? path.join(home, "Library", "Application Support") : path.join(home, ".config");
  return path.join(xdg && path.isAbsolute(xdg) ? xdg : fallback, "sops", "age", "keys.txt");
}

async function fromFile(place: string, file: string, required: boolean): Promise<Found> {
  try {
    return { place, text: await readFile(file, "utf8") };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "unreadable";
    return code === "ENOENT" && !required
      ? { place }
      : { place, problem: `${file} could not be read: ${code}` };
  }
}

async function fromCommand(command: string, env: IdentityOptions["env"]): Promise<Found> {
  const place = "SOPS_AGE_KEY_CMD";
  const [program, ...args] = splitWords(command) ?? [];
  if (program === undefined) return { place, problem: "SOPS_AGE_KEY_CMD is not a command line" };
  // The command belongs to the person who set it and needs their session (agent sockets, HOME), as under sops.
  const inherited = Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) =>
      value === undefined || name === "SOPS_AGE_KEY" ? [] : [[name, value]],
    ),
  );
  const result = await run(program, args, {
    env: inherited,
    deadlineMs: COMMAND_DEADLINE_MS,
    maxOutput: MAX_COMMAND_OUTPUT,
  });
  if (result.startError)
    return { place, problem: `SOPS_AGE_KEY_CMD could not be started: ${result.startError.code}` };
  if (result.timedOut)
    return { place, problem: `SOPS_AGE_KEY_CMD took longer than ${COMMAND_DEADLINE_MS / 1000} s` };
  // Its stderr is not shown: nobody knows what a key command prints.
  if (result.code !== 0)
    return { place, problem: `SOPS_AGE_KEY_CMD ended with ${result.code ?? result.signal}` };
  return { place, text: result.stdout.toString("utf8") };
}

async function parse({ place, text }: Found): Promise<{ keys: Identity[]; problems: string[] }> {
  const keys: Identity[] = [];
  const problems: string[] = [];
  for (const [index, line] of (text ?? "").split("\n").entries()) {
    if (line.startsWith("#")) continue;
    for (const secret of line.split(/\s+/).filter(Boolean)) {
      try {
        keys.push({ secret, recipient: await identityToRecipient(secret) });
      } catch {
        // The library throws for everything that is not an age key; its text may hold the key, so it is not shown.
        problems.push(`${place} line ${index + 1} is not an age secret key that holdfast can use`);
      }
    }
  }
  if (text !== undefined && keys.length === 0 && problems.length === 0)
    problems.push(`${place} holds no key`);
  return { keys, problems };
}

async function discover(options: IdentityOptions): Promise<Identities> {
  const { env } = options;
  const userFile = userKeyFile(options);
  const found: Found[] = [
    env["SOPS_AGE_KEY"] === undefined
      ? { place: "SOPS_AGE_KEY" }
      : { place: "SOPS_AGE_KEY", text: env["SOPS_AGE_KEY"] },
    env["SOPS_AGE_KEY_FILE"]
      ? await fromFile(`SOPS_AGE_KEY_FILE (${env["SOPS_AGE_KEY_FILE"]})`, env["SOPS_AGE_KEY_FILE"], true)
      : { place: "SOPS_AGE_KEY_FILE" },
    env["SOPS_AGE_KEY_CMD"] ? await fromCommand(env["SOPS_AGE_KEY_CMD"], env) : { place: "SOPS_AGE_KEY_CMD" },
    await fromFile(userFile, userFile, false),
  ];
  return identitiesIn(found);
}

async function identitiesIn(found: readonly Found[]): Promise<Identities> {
  const parsed = await Promise.all(found.map(parse));
  const keys = new Map(parsed.flatMap(({ keys: some }) => some.map(key => [key.secret, key] as const)));
  return {
    keys: [...keys.values()],
    looked: found.map(({ place }) => place),
    problems: [
      ...found.flatMap(({ problem }) => problem ?? []),
      ...parsed.flatMap(({ problems }) => problems),
    ],
  };
}

/** Keys of a file that need not be there. */
export const identitiesInFile = async (file: string): Promise<Identities> =>
  identitiesIn([await fromFile(file, file, false)]);

export function createIdentitySource(options: IdentityOptions): IdentitySource {
  let current: Promise<Identities> | undefined;
  const reload = (): Promise<Identities> => (current = discover(options));
  return { load: () => current ?? reload(), reload };
}
