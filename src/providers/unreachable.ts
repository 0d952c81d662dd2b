/** Which resources of a state sit behind a connection that does not answer now. A run begins with this question. */
import type { UnknownResource } from "../engine/ports/plan.ts";
import type { StateResource } from "../engine/ports/state.ts";
import type { ConnectionPool } from "./connection/pool.ts";
import { parseConnection, type Connection } from "./connection/spec.ts";
import { plainOf } from "./state-values.ts";

interface Group {
  readonly connection: Connection;
  readonly urns: string[];
}

/** One group for each connection; resources without a readable connection are in none. */
function byConnection(resources: readonly StateResource[], isOurs: (type: string) => boolean): Group[] {
  const groups = new Map<string, Group>();
  for (const { urn, type, inputs } of resources) {
    const connection = isOurs(type) ? parseConnection(plainOf(inputs["connection"])) : undefined;
    if (!connection) continue;
    const key = JSON.stringify(connection);
    const group = groups.get(key) ?? { connection, urns: [] };
    group.urns.push(urn);
    groups.set(key, group);
  }
  return [...groups.values()];
}

export async function findUnreachable(
  resources: readonly StateResource[],
  isOurs: (type: string) => boolean,
  connections: ConnectionPool,
  signal: AbortSignal,
): Promise<readonly UnknownResource[]> {
  // Also of hosts that no resource is on yet: what an earlier run found is none of this one's.
  connections.askAnew();
  const checked = byConnection(resources, isOurs).map(async ({ connection, urns }) => {
    const answer = await connections.machine(connection).ping(signal);
    return answer.ok ? [] : urns.map(urn => ({ urn, why: answer.trouble.message }));
  });
  return (await Promise.all(checked)).flat();
}
