/** Who makes a commit: the person as Git knows them, from the environment or their own settings. */
import { run } from "../process/run.ts";
import type { Person } from "./revert.ts";
import { cleanLine } from "./untrusted-text.ts";

const DEADLINE_MS = 10_000;
const NOBODY: Person = { name: "holdfast", email: "holdfast@localhost" };

/** What Git needs to find a person's settings; nothing else of the environment takes part. */
const NEEDED = ["PATH", "HOME", "XDG_CONFIG_HOME", "GIT_CONFIG_GLOBAL"];

/** Angle brackets would end the address; Git takes them out as well. */
const clean = (text: string): string => cleanLine(text.replaceAll(/[<>]/g, ""));

/** As Git says it for a commit in `cwd`; holdfast itself where Git knows nobody. */
export async function gitPerson(
  cwd: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Person> {
  const chosen = Object.fromEntries(
    NEEDED.flatMap(name => (env[name] === undefined ? [] : [[name, env[name]]])),
  );
  const setting = async (key: string): Promise<string> => {
    const result = await run("git", ["config", "--get", key], { cwd, env: chosen, deadlineMs: DEADLINE_MS });
    return result.code === 0 ? clean(result.stdout.toString()) : "";
  };
  const name = clean(env["GIT_AUTHOR_NAME"] ?? "") || (await setting("user.name"));
  const email = clean(env["GIT_AUTHOR_EMAIL"] ?? "") || (await setting("user.email"));
  return name !== "" && email !== "" ? { name, email } : NOBODY;
}
