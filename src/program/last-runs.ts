/** What programs were asked to run the last time: with the same configuration they are asked in the same words again. */
import type { Foreseen } from "../engine/ports/program.ts";
import { wordsFor } from "./run-request.ts";
import type { RunMessage } from "./worker/run-message.ts";

/** Stacks, those of the last runs, and the size of what is kept of each. */
const MOST = 200;
const MAX_BYTES = 64 * 1024;

/** Where the program is now. */
export interface Placed {
  /** Absolute; another one with each commit. */
  readonly folder: string;
  /** The stack's own names. */
  readonly env: Readonly<Record<string, string>>;
}

export interface LastRuns {
  /** The words that it will be asked in; undefined where nobody knows. */
  expected(soon: Foreseen, placed: Placed): RunMessage | undefined;
  asked(soon: Foreseen, placed: Placed, message: RunMessage): void;
}

/** Stands for the program's folder. No path holds it. */
const FOLDER = "\0";

const withFolder = (text: string, from: string, to: string): string =>
  text === from || text.startsWith(`${from}/`) ? to + text.slice(from.length) : text;

function moved(message: RunMessage, from: string, to: string): RunMessage {
  const args = message.args.map(word => withFolder(word, from, to));
  return { ...message, pwd: withFolder(message.pwd, from, to), args };
}

/** Secrets are kept no longer than their run. */
const holdsSecrets = ({ env }: RunMessage): boolean => env["PULUMI_CONFIG_SECRET_KEYS"] !== "[]";

interface Known {
  readonly configHash: string;
  readonly message: RunMessage;
}

export function createLastRuns(): LastRuns {
  const runs = new Map<string, Known>();
  return {
    expected({ stack, configHash, dryRun }, { folder, env }) {
      const last = runs.get(stack);
      if (last?.configHash !== configHash) return undefined;
      const { message } = last;
      const args = wordsFor(dryRun, message.args);
      return moved({ ...message, args, env: { ...env, ...message.env } }, FOLDER, folder);
    },
    asked({ stack, configHash }, { folder, env }, message) {
      runs.delete(stack);
      if (holdsSecrets(message)) return;
      // The stack's own names may be secrets too, and are known when they are needed.
      const told = Object.entries(message.env).filter(([name]) => !(name in env));
      if (told.reduce((sum, [, value]) => sum + value.length, 0) > MAX_BYTES) return;
      runs.set(stack, {
        configHash,
        message: moved({ ...message, env: Object.fromEntries(told) }, folder, FOLDER),
      });
      for (const oldest of runs.keys()) if (runs.size > MOST) runs.delete(oldest);
    },
  };
}
