/** What is to be asked about the resources of a state, by host. Pure. */
import type { StateResource } from "../../engine/ports/state.ts";
import { hasLineEnd } from "../connection/asker.ts";
import type { Connection } from "../connection/spec.ts";
import { isMap } from "../grpc/value.ts";
import type { AnyResource, Watch } from "../resource.ts";
import { plainOf } from "../state-values.ts";

export interface Watched {
  readonly urn: string;
  readonly watch: Watch;
}

/** The watched resources of a stack on one host, reached with one set of credentials. */
export interface HostWatches {
  /** Everything that the connection says. */
  readonly key: string;
  readonly connection: Connection;
  readonly watches: readonly Watched[];
}

type Table = ReadonlyMap<string, Pick<AnyResource, "watch">>;

/** Undefined: a probe cannot tell; the scheduled check reads it. */
function watchOf(resource: StateResource, table: Table): Watch | undefined {
  const family = resource.external ? undefined : table.get(resource.type);
  const inputs = family && plainOf(resource.inputs);
  if (!family || !isMap(inputs)) return undefined;
  try {
    const watch = family.watch(inputs);
    return watch.questions.length === 0 || watch.questions.some(hasLineEnd) ? undefined : watch;
  } catch {
    // Inputs that no check of today would let pass, of a state that an older holdfast or a person wrote.
    return undefined;
  }
}

export function watchesOf(resources: readonly StateResource[], table: Table): readonly HostWatches[] {
  const hosts = new Map<string, HostWatches & { readonly watches: Watched[] }>();
  for (const resource of resources) {
    const watch = watchOf(resource, table);
    if (!watch) continue;
    const key = JSON.stringify(watch.connection);
    const host = hosts.get(key) ?? { key, connection: watch.connection, watches: [] };
    host.watches.push({ urn: resource.urn, watch });
    hosts.set(key, host);
  }
  return [...hosts.values()];
}
