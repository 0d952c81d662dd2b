/** Who makes a commit, and how they sign: the person as Git knows them, from the environment or their own settings. */
import { run } from "../process/run.ts";
import type { Person, Signing } from "./revert.ts";
import { cleanLine } from "./untrusted-text.ts";

const DEADLINE_MS = 10_000;
const NOBODY: Person = { name: "holdfast", email: "holdfast@localhost" };

type Environment = Readonly<Record<string, string | undefined>>;

/** What Git needs to find a person's settings; nothing else of the environment takes part. */
const NEEDED = ["PATH", "HOME", "XDG_CONFIG_HOME", "GIT_CONFIG_GLOBAL"];

/** Angle brackets would end the address; Git takes them out as well. */
const clean = (text: string): string => cleanLine(text.replaceAll(/[<>]/g, ""));

const chosen = (env: Environment, names: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    names.flatMap(name => {
      const value = env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );

/** A setting as Git has it for a commit in `cwd`; "" where there is none. */
async function setting(cwd: string, env: Environment, key: string): Promise<string> {
  const options = { cwd, env: chosen(env, NEEDED), deadlineMs: DEADLINE_MS };
  const result = await run("git", ["config", "--get", key], options);
  return result.code === 0 ? result.stdout.toString().trim() : "";
}

/** As Git says it for a commit in `cwd`; holdfast itself where Git knows nobody. */
export async function gitPerson(cwd: string, env: Environment): Promise<Person> {
  const own = async (key: string): Promise<string> => clean(await setting(cwd, env, key));
  const name = clean(env["GIT_AUTHOR_NAME"] ?? "") || (await own("user.name"));
  const email = clean(env["GIT_AUTHOR_EMAIL"] ?? "") || (await own("user.email"));
  return name !== "" && email !== "" ? { name, email } : NOBODY;
}

/** Settings by which Git signs; all of them are the person's own. */
const OF_SIGNING = [
  "user.signingKey",
  "gpg.format",
  "gpg.program",
  "gpg.openpgp.program",
  "gpg.ssh.program",
  "gpg.ssh.defaultKeyCommand",
];
/** What their agents and key files are found by. */
const NEEDED_TO_SIGN = [...NEEDED, "GNUPGHOME", "GPG_TTY", "SSH_AUTH_SOCK", "XDG_RUNTIME_DIR", "DISPLAY"];

/** How this person signs a commit made in `cwd`; undefined where Git knows no key of theirs. */
export async function gitSigning(cwd: string, env: Environment): Promise<Signing | undefined> {
  const settings: (readonly [string, string])[] = [];
  for (const key of OF_SIGNING) {
    const value = await setting(cwd, env, key);
    if (value !== "") settings.push([key, value]);
  }
  const hasKey = settings.some(([key]) => key === "user.signingKey" || key === "gpg.ssh.defaultKeyCommand");
  return hasKey ? { settings, env: chosen(env, NEEDED_TO_SIGN) } : undefined;
}
