/** What can be asked of a host and done on it beyond its files, through its shells. */
import { done, trouble, type Outcome } from "../outcome.ts";
import { createAsker } from "./asker.ts";
import type { Machine } from "./machine.ts";
import type { ShellPool } from "./shell-pool.ts";

/** 1,000 questions are answered with 300 bytes each, and some. */
const MAX_ANSWER = 8 * 1024 * 1024;
const MAX_OUTPUT = 64 * 1024;

/** `named`: trouble says which host it is of. */
export function shellSystem(
  name: string,
  pool: ShellPool,
  callMs: number,
): Pick<Machine, "system" | "ask" | "run"> {
  const never = new AbortController().signal;
  const named = (outcome: Extract<Outcome<never>, { ok: false }>): Outcome<never> => {
    const { kind, message } = outcome.trouble;
    return trouble(
      kind,
      kind === "unreachable" || message.startsWith(name) ? message : `${name}: ${message}`,
    );
  };
  // A batch is of many: who is cancelled stops waiting, and the others get their answers.
  const asker = createAsker({
    async run(script) {
      const answer = await pool.look({ script, maxOutput: MAX_ANSWER, deadlineMs: callMs, signal: never });
      if (!answer.ok) return answer;
      const { code, stdout, stderr } = answer.value;
      return code === 0 ? done(stdout) : trouble("failed", stderr || `the script ended with code ${code}`);
    },
  });
  return {
    system: true,
    async ask(questions, signal) {
      const answers = await asker.ask(questions, signal);
      return answers.ok ? answers : named(answers);
    },
    async run({ script, body, deadlineMs = callMs, maxOutput = MAX_OUTPUT }, signal) {
      const answer = await pool.run({ script, deadlineMs, maxOutput, signal, ...(body && { body }) });
      if (!answer.ok) return named(answer);
      const { code, stdout, stderr } = answer.value;
      return done({ code, stdout: stdout.toString("utf8"), stderr });
    },
  };
}
