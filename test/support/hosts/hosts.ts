/**
 * Real hosts for tests: Debian with systemd, sshd, nginx, cron and podman, up in a third of a second each. Nothing of
 * them is left after `stop`, and hardly anything after the test's violent death: the next start puts it away.
 *
 * All hosts of a machine share 128 inotify instances: about twenty at a time, all test files together.
 */
import { readFileSync } from "node:fs";
import path from "node:path";
import { base, noHosts } from "./base.ts";
import { createMachine, type Machine } from "./machine.ts";
import { openNetwork, tool, type Network } from "./network.ts";

export { noHosts };

/** As `connection` of a resource takes it. */
export interface HostConnection {
  readonly host: string;
  readonly user: string;
  readonly identityFile: string;
  readonly hostKey: string;
}

/** Users that may log in: `deploy` has sudo without a password, `guest` has none. */
export type Login = "root" | "deploy" | "guest";

export interface Host extends Machine {
  readonly name: string;
  readonly address: string;
  /** As root. */
  readonly connection: HostConnection;
  /** The same as `ssh://…`. */
  readonly connectionText: string;
  /** The same for another user. */
  as(user: Login): HostConnection;
}

export interface Hosts {
  /** In the order of their names. */
  readonly all: readonly Host[];
  /** By name; throws where there is none. */
  host(name: string): Host;
  /** One more. */
  add(name: string): Promise<Host>;
  /** Private key of the users of all these hosts. */
  readonly identityFile: string;
  stop(): Promise<void>;
}

/** Host and link names have little room. */
const NAME = /^[a-z][a-z0-9-]{0,11}$/;

async function makeKey(network: Network, name: string): Promise<string> {
  const file = path.join(network.folder, "keys", name);
  await tool(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", file]);
  return file;
}

export function textOf({ user, host, ...rest }: HostConnection): string {
  return `ssh://${user}@${host}?${new URLSearchParams(rest).toString().replaceAll("+", "%20")}`;
}

async function makeHost(network: Network, name: string, n: number): Promise<Host> {
  if (!NAME.test(name)) throw new Error(`not a test host's name: ${name}`);
  if (base === undefined) throw new Error("there is no base for test hosts");
  const address = network.address(n);
  const key = await makeKey(network, name);
  const [type, code] = readFileSync(`${key}.pub`, "utf8").split(" ");
  const identityFile = path.join(network.folder, "keys", "user");
  const as = (user: Login): HostConnection => ({
    host: address,
    user,
    identityFile,
    hostKey: `${type} ${code}`,
  });
  const machine = createMachine({ network, base, name, address });
  await machine.start();
  return { ...machine, name, address, as, connection: as("root"), connectionText: textOf(as("root")) };
}

/** Hosts in one network, all up. A number: they are called `host1`, `host2`, … */
export async function startHosts(names: readonly string[] | number): Promise<Hosts> {
  if (noHosts !== false) throw new Error(noHosts);
  const wanted =
    typeof names === "number" ? Array.from({ length: names }, (_, index) => `host${index + 1}`) : names;
  const network = await openNetwork();
  const all: Host[] = [];
  let made = 0;
  const make = (name: string): Promise<Host> => makeHost(network, name, made++);
  try {
    const identityFile = await makeKey(network, "user");
    all.push(...(await Promise.all(wanted.map(make))));
    return {
      all,
      identityFile,
      stop: () => network.close(),
      host(name) {
        const found = all.find(host => host.name === name);
        if (!found) throw new Error(`there is no test host ${name}`);
        return found;
      },
      async add(name) {
        const host = await make(name);
        all.push(host);
        return host;
      },
    };
  } catch (error) {
    await network.close();
    throw error;
  }
}

export interface LoneHost extends Host {
  stop(): Promise<void>;
}

/** A single host; `stop` takes all of it away. */
export async function startHost(name = "frodo"): Promise<LoneHost> {
  const hosts = await startHosts([name]);
  return { ...hosts.host(name), stop: () => hosts.stop() };
}
