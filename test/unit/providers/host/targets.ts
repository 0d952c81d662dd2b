/** Kinds of connections that tests of families run on, and what tests say to the engine's side of the provider. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe } from "node:test";
import type { ValueMap } from "../../../../src/providers/grpc/value.ts";
import { createProviderHost, type LocalProviderHost } from "../../../../src/providers/provider-host.ts";
import { noSshd, startSshd, type Sshd } from "../../../support/sshd.ts";
import { engineSide, urnOf, type EngineSide } from "../engine-side.ts";

export interface Target {
  readonly connection: ValueMap;
  /** The connection as an import id writes it. */
  readonly text: string;
  /** False: a folder that stands for a host. */
  readonly system: boolean;
  /** Path on the host of a name in the test's folder, and where that is on this machine. */
  readonly at: (name: string) => string;
  readonly real: (name: string) => string;
}

export interface Actor {
  readonly engine: EngineSide;
  readonly inputsOf: (name: string, more: ValueMap) => ValueMap;
  /** Check and create, as an up does. */
  readonly created: (
    type: string,
    name: string,
    more: ValueMap,
  ) => Promise<{ inputs: ValueMap; id: string; state: ValueMap }>;
  close(): Promise<void>;
}

/** A provider and an engine that speaks with it. */
export async function startActor({ connection, at }: Target): Promise<Actor> {
  const host: LocalProviderHost = createProviderHost({ base: tmpdir() });
  const engine = engineSide(await host.open({ runId: "r", stack: "hosts/dev" }));
  const inputsOf = (name: string, more: ValueMap): ValueMap => ({ connection, path: at(name), ...more });
  return {
    engine,
    inputsOf,
    async created(type, name, more) {
      const { inputs, failures } = await engine.check(urnOf(type), inputsOf(name, more));
      assert.deepEqual(failures, []);
      return { inputs, ...(await engine.create(urnOf(type), inputs)) };
    },
    async close() {
      engine.close();
      await host.closeAll();
    },
  };
}

function onFolder(contract: (getTarget: () => Target) => void): void {
  let folder = "";
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "holdfast-local-"));
    await mkdir(path.join(folder, "root/srv/t"), { recursive: true });
  });
  after(() => rm(folder, { recursive: true, force: true }));
  contract(() => ({
    connection: { local: true, root: path.join(folder, "root") },
    text: `local:${path.join(folder, "root")}`,
    system: false,
    at: name => `/srv/t/${name}`,
    real: name => path.join(folder, "root/srv/t", name),
  }));
}

function onMachine(contract: (getTarget: () => Target) => void): void {
  let folder = "";
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "holdfast-machine-"));
  });
  after(() => rm(folder, { recursive: true, force: true }));
  const at = (name: string): string => path.join(folder, name);
  contract(() => ({ connection: { local: true }, text: "local:/", system: true, at, real: at }));
}

function onSshd(contract: (getTarget: () => Target) => void): void {
  let sshd: Sshd;
  let folder = "";
  before(async () => {
    sshd = await startSshd();
    folder = await mkdtemp(path.join(tmpdir(), "holdfast-remote-"));
  });
  after(async () => {
    await sshd.stop();
    await rm(folder, { recursive: true, force: true });
  });
  const at = (name: string): string => path.join(folder, name);
  contract(() => {
    const { port, user, identityFile, knownHostsFile } = sshd;
    return {
      connection: { host: "127.0.0.1", port, user, identityFile, knownHostsFile },
      text: `ssh://${user}@127.0.0.1:${port}?identityFile=${identityFile}&knownHostsFile=${knownHostsFile}`,
      system: true,
      at,
      real: at,
    };
  });
}

/** What a family promises, on each kind of connection. */
export function onEachTarget(contract: (getTarget: () => Target, getActor: () => Actor) => void): void {
  const acted = (getTarget: () => Target): void => {
    let actor: Actor;
    before(async () => {
      actor = await startActor(getTarget());
    });
    after(() => actor.close());
    contract(getTarget, () => actor);
  };
  describe("a local folder", () => onFolder(acted));
  describe("this machine", () => onMachine(acted));
  describe("a host behind ssh", { skip: noSshd }, () => onSshd(acted));
}
