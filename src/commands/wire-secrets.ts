/** Builds what `holdfast secrets` works with. */
import { homeFolder } from "../process/home-folder.ts";
import { createSecretTools, type SecretTools } from "../secrets/tools.ts";

export function secretTools(env: NodeJS.ProcessEnv): SecretTools {
  return createSecretTools({ env, home: env.HOME ?? homeFolder(), platform: process.platform });
}

export { splitWords } from "../secrets/words.ts";
