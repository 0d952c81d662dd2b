/** A step on a host's system: a script that must end with 0. */
import type { HostScript } from "../connection/machine.ts";
import { done, trouble, type Outcome } from "../outcome.ts";
import type { Site } from "./family.ts";

const DENIED =
  /permission denied|operation not permitted|read-only file system|must be root|only root|are you root/i;
/** Of what a failed step said; the end says why. */
const SHOWN_LINES = 5;
const SHOWN = 600;

const lastWords = (text: string): string =>
  text.trim().split("\n").slice(-SHOWN_LINES).join("\n").slice(-SHOWN).trim();

/** `what` is for people: "create group app". Answers what the script wrote to its standard output. */
export async function step(
  { machine, signal }: Site,
  what: string,
  script: HostScript,
): Promise<Outcome<string>> {
  const answer = await machine.run(script, signal);
  if (!answer.ok) return answer;
  const { code, stdout, stderr } = answer.value;
  if (code === 0) return done(stdout);
  const said = lastWords(stderr) || lastWords(stdout) || `it ended with code ${code}`;
  return trouble(DENIED.test(said) ? "denied" : "failed", `${machine.name}: ${what}: ${said}`);
}
