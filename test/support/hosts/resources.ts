/** Resources on a host, as the engine makes and looks at them, through a provider host in this process. */
import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import type { ValueMap } from "../../../src/providers/grpc/value.ts";
import { createProviderHost } from "../../../src/providers/provider-host.ts";
import { engineSide, urnOf, type EngineSide } from "../../unit/providers/engine-side.ts";
import type { HostConnection } from "./hosts.ts";

/** A resource that is there, as the state has it. */
export interface Made {
  readonly id: string;
  readonly inputs: ValueMap;
  readonly state: ValueMap;
}

/** All resources of one type on one host. */
export interface Resources {
  /** What check says against it: property and reason. Empty: nothing. */
  flaws(properties: ValueMap): Promise<readonly string[]>;
  /** Check and create, as an up does. */
  create(properties: ValueMap): Promise<Made>;
  /** What is there now; undefined: it is gone. */
  read(made: Made): Promise<Made | undefined>;
  /** Detailed paths of what differs between what is there and what the state says. */
  drift(made: Made): Promise<readonly string[]>;
  /** Check and update to other properties. */
  update(made: Made, properties: ValueMap): Promise<Made>;
  /** Puts back what differs. */
  repair(made: Made): Promise<Made>;
  delete(made: Made): Promise<void>;
  /** By its name on the host; undefined: nothing is there. */
  import(name: string): Promise<Made | undefined>;
}

type SomeConnection = Partial<HostConnection> &
  Pick<HostConnection, "host"> & {
    readonly sudo?: boolean;
    readonly privateKey?: string;
    readonly knownHostsFile?: string;
  };

export interface Desk {
  readonly engine: EngineSide;
  /** `type` without `holdfast:host:`. */
  on(connection: SomeConnection, type: string): Resources;
  close(): Promise<void>;
}

/** `base`: the folder that stands for holdfast's data folder. */
export async function openDesk(base = tmpdir()): Promise<Desk> {
  const providers = createProviderHost({ base });
  const engine = engineSide(await providers.open({ runId: "test", stack: "hosts/dev" }));
  const close = async (): Promise<void> => {
    engine.close();
    await providers.closeAll();
  };
  return { engine, close, on: (connection, type) => resourcesOn(engine, { ...connection }, type) };
}

function resourcesOn(engine: EngineSide, connection: ValueMap, type: string): Resources {
  const urn = urnOf(`holdfast:host:${type}`);
  const checked = async (properties: ValueMap): Promise<ValueMap> => {
    const { inputs, failures } = await engine.check(urn, { connection, ...properties });
    assert.deepEqual(failures, []);
    return inputs;
  };
  const read: Resources["read"] = async ({ id, inputs }) => {
    const seen = await engine.read(urn, id, inputs);
    return seen.id === "" ? undefined : seen;
  };
  const change = async ({ id, inputs: old }: Made, inputs: ValueMap): Promise<Made> => ({
    id,
    inputs,
    state: await engine.update(urn, id, old, inputs),
  });
  return {
    read,
    async flaws(properties) {
      const { failures } = await engine.check(urn, { connection, ...properties });
      return failures.map(({ property, reason }) => `${property} ${reason}`);
    },
    async create(properties) {
      const inputs = await checked(properties);
      return { inputs, ...(await engine.create(urn, inputs)) };
    },
    async drift(made) {
      const seen = (await read(made)) ?? assert.fail(`${made.id} is gone`);
      const { detaileddiffMap } = await engine.diff(urn, seen.inputs, made.inputs);
      return detaileddiffMap.map(([at]) => at).toSorted();
    },
    update: async (made, properties) => change(made, await checked(properties)),
    async repair(made) {
      const seen = await read(made);
      return seen ? change(seen, made.inputs) : { ...made, ...(await engine.create(urn, made.inputs)) };
    },
    delete: ({ id, inputs }) => engine.delete(urn, id, inputs),
    async import(name) {
      const { host, user, ...rest } = connection as unknown as HostConnection;
      const text = new URLSearchParams(
        Object.entries(rest).map(([key, value]) => [key, String(value)] as [string, string]),
      );
      const seen = await engine.read(urn, `ssh://${user}@${host}?${text.toString()}#${name}`);
      return seen.id === "" ? undefined : seen;
    },
  };
}

/** What the call fails with; one that succeeds fails the test. */
export async function messageOf(call: Promise<unknown>): Promise<string> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof Error, "it should have failed");
  return error.message;
}

export const without = (properties: ValueMap, key: string): ValueMap =>
  Object.fromEntries(Object.entries(properties).filter(([name]) => name !== key));
