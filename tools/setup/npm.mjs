/** npm, as set-up calls it: no scripts, no chatter, every error kept. */
import { runTool } from "./child.mjs";

/** Set by an npm that started us; they describe its call and would steer ours. */
const OUTER = /^npm_(lifecycle|package)_|^npm_(command|execpath|node_execpath|config_local_prefix)$/;

/** The environment without what the npm that ran us put there. Settings such as npm_config_registry stay. */
export function withoutOuterNpm(env) {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !OUTER.test(name)));
}

export function npm(args, cwd) {
  const env = withoutOuterNpm(process.env);
  return runTool("npm", [...args, "--loglevel=error", "--no-audit", "--no-fund", "--no-update-notifier"], {
    cwd,
    env,
  });
}
