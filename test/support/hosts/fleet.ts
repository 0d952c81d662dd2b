/** A repository with one program for several hosts, for tests of what happens where one of them is away. */
import type { Files } from "../git.ts";
import type { Host } from "./hosts.ts";

export const FLEET = "fleet/prod";
const SETTINGS = 'stacks:\n  "*": { firstApply: allow, drift: { every: 1h }, interval: 1s }\n';
/** While this file is on a host, the writing of `gated` waits there. */
export const GATE = "/srv/gate";

/** On each host a file that others wait for, one that may wait at a gate, and one after it; all say `generation`. */
export function fleet(on: readonly Host[], generation: string): Files {
  const connections = Object.fromEntries(on.map(({ name, connection }) => [name, connection]));
  return {
    "holdfast.yaml": SETTINGS,
    "fleet/Pulumi.yaml": "name: fleet\nruntime: nodejs\n",
    "fleet/Pulumi.prod.yaml": "{}\n",
    "fleet/index.ts": `import { File, Host } from "holdfast/host";

const hosts = Object.entries(${JSON.stringify(connections)}).map(
  ([name, connection]) => ({ name, host: new Host(name, { connection }) }),
);
hosts.map(({ name, host }) => {
  const content = ${JSON.stringify(generation)};
  const first = new File(name + "-first", { host, path: "/srv/fleet/first", content });
  const validate = "test -s %s; while [ -e ${GATE} ]; do sleep 0.02; done";
  const gated = new File(name + "-gated", { host, path: "/srv/fleet/gated", content, validate }, { dependsOn: first });
  new File(name + "-last", { host, path: "/srv/fleet/last", content }, { dependsOn: gated });
});
`,
  };
}

const SHOW = `cd /srv/fleet 2>/dev/null || exit 0
for file in first gated last; do cat "$file" 2>/dev/null || printf none; echo; done | paste -sd ' '`;

/** What the three files say; empty: none was ever made. */
export const holds = async (host: Host): Promise<string> => (await host.run(SHOW)).trim();
export const all = (generation: string): string => `${generation} ${generation} ${generation}`;
export const clear = (host: Host): Promise<string> => host.run(`rm -rf /srv/fleet ${GATE}`);
