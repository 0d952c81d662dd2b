/** How programs say where a host is. */
import * as pulumi from "@pulumi/pulumi";
import type { Host } from "./host.ts";

/** This machine, or a folder of it that stands for a host. */
export interface LocalConnection {
  local: true;
  /**
   * Folder that stands for the host's `/`; it is made where it is missing, and nothing outside of it is touched.
   * A relative folder counts from the data folder of holdfast, not from the program. Default `/`: the
   * machine itself.
   */
  root?: pulumi.Input<string>;
}

/** A host behind OpenSSH. Its host key must be known already, from known_hosts or from `hostKey`, but with `trust-first`. */
export interface SshConnection {
  /** Name or address. Aliases of ~/.ssh/config work. */
  host: pulumi.Input<string>;
  /** Default: what ~/.ssh/config says, else 22. */
  port?: pulumi.Input<number>;
  user?: pulumi.Input<string>;
  /** Path of a private key on the machine that holdfast runs on. */
  identityFile?: pulumi.Input<string>;
  /** The private key itself; always kept as a secret. */
  privateKey?: pulumi.Input<string>;
  /**
   * The only host key to accept: `ssh-ed25519 AAAA…`. Or `trust-first`: the key that the host shows first is remembered
   * in holdfast's data folder, and is the only one from then on. Default: known_hosts decides.
   */
  hostKey?: pulumi.Input<string>;
  /** Instead of ~/.ssh/known_hosts; with `trust-first`: where keys are remembered. */
  knownHostsFile?: pulumi.Input<string>;
  /** Work as root through `sudo -n`. */
  sudo?: pulumi.Input<boolean>;
}

/** A text `ssh://user@host:port`, a text `local:FOLDER`, or an object. */
export type Connection = string | LocalConnection | SshConnection;

/** Where a resource goes: a `Host`, or a connection of its own. */
export interface Placed {
  /** The host; its connection is used, and the resource becomes its child. */
  host?: Host;
  /** Instead of `host`. */
  connection?: pulumi.Input<Connection>;
}

const FORM = 'write "ssh://user@host", "local:FOLDER", { host: … } or { local: true, root: … }';

/** Why this cannot be a connection, as far as that is known before anything runs. */
export function connectionProblem(connection: unknown): string | undefined {
  if (typeof connection === "string") return textProblem(connection);
  if (typeof connection !== "object" || connection === null) return `cannot be read; ${FORM}`;
  // An output: the provider checks it once it is known.
  if (pulumi.Output.isInstance(connection) || connection instanceof Promise) return undefined;
  if ("local" in connection || "host" in connection) return undefined;
  return `says neither local nor host; ${FORM}`;
}

function textProblem(text: string): string | undefined {
  if (text.startsWith("local:")) return undefined;
  if (text.startsWith("ssh://") && URL.canParse(text) && new URL(text).hostname !== "") return undefined;
  return `${JSON.stringify(text)} cannot be read; ${FORM}`;
}

/** With its private key as a secret, and with sudo where the host asks for it. */
export function prepareConnection(
  connection: pulumi.Input<Connection>,
  sudo: pulumi.Input<boolean> | undefined,
): pulumi.Output<Connection> {
  return pulumi
    .all([pulumi.output(connection), pulumi.output(sudo)])
    .apply(([given, asRoot]) => prepared(given, asRoot));
}

/**
 * The same as an input: where all is said in plain values it is one itself. An output of an object is dozens of
 * promises, and each resource has a connection.
 */
export const connectionInput = (
  connection: pulumi.Input<Connection>,
  sudo?: pulumi.Input<boolean>,
): pulumi.Input<Connection> =>
  isPlain(connection) && (sudo === undefined || typeof sudo === "boolean")
    ? prepared(connection, sudo)
    : prepareConnection(connection, sudo);

function prepared(given: Connection, asRoot: boolean | undefined): Connection {
  if (typeof given === "string") return asRoot ? withSudo(given) : given;
  if ("local" in given) return { ...given };
  const key = given.privateKey;
  return {
    ...given,
    ...(asRoot === undefined ? {} : { sudo: asRoot }),
    ...(key === undefined ? {} : { privateKey: pulumi.secret(key) }),
  };
}

/** No part of it is an output or a promise. */
function isPlain(connection: pulumi.Input<Connection>): connection is Connection {
  if (typeof connection === "string") return true;
  return (
    Object.getPrototypeOf(connection) === Object.prototype &&
    Object.values(connection).every(value => typeof value !== "object" && typeof value !== "function")
  );
}

function withSudo(text: string): string {
  if (!text.startsWith("ssh://") || !URL.canParse(text)) return text;
  const url = new URL(text);
  url.searchParams.set("sudo", "true");
  return url.href;
}
