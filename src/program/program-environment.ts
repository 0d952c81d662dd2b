/** What every program gets of the daemon's environment: names of the system, not of anybody's secrets. */
const INHERITED = ["PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ", "TMPDIR"];

export const programEnvironment = (env: NodeJS.ProcessEnv): Record<string, string> =>
  Object.fromEntries(INHERITED.flatMap(name => (env[name] ? [[name, env[name]]] : [])));
