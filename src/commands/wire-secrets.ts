/** Builds what `holdfast secrets` works with. */
import { homedir } from "node:os";
import { createSecretTools, type SecretTools } from "../secrets/tools.ts";

export function secretTools(env: NodeJS.ProcessEnv): SecretTools {
  return createSecretTools({ env, home: env.HOME ?? homedir(), platform: process.platform });
}

export { splitWords } from "../secrets/words.ts";
