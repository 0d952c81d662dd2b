/** How a host is reached: what people write in `connection`, and its one canonical form. */
import { isMap, isUnknown, type Plain, type PlainMap } from "../grpc/value.ts";
import type { CheckProblem } from "../resource.ts";
import { parseConnectionText } from "./text.ts";

export interface LocalConnection {
  readonly kind: "local";
  /** Folder that stands for the host's `/`; "/" is the machine itself. May be relative to the provider's base folder. */
  readonly root: string;
}

export interface SshConnection {
  readonly kind: "ssh";
  readonly host: string;
  readonly port?: number;
  readonly user?: string;
  readonly identityFile?: string;
  /** Private key in OpenSSH's or PEM format. Secret. */
  readonly privateKey?: string;
  /** `ssh-ed25519 AAAA…`: the only host key that is accepted. `trust-first`: whichever it shows first, and then that one. */
  readonly hostKey?: string;
  readonly knownHostsFile?: string;
  /** Work as root through `sudo -n`. */
  readonly sudo: boolean;
}

export type Connection = LocalConnection | SshConnection;

export interface CheckedConnection {
  /** Canonical form, for the inputs; as it came where there are problems or unknown parts. */
  readonly canonical: Plain;
  readonly problems: readonly CheckProblem[];
}

const TEXTS = ["host", "user", "identityFile", "privateKey", "hostKey", "knownHostsFile"] as const;
const SSH_KEYS: ReadonlySet<string> = new Set([...TEXTS, "port", "sudo"]);
const LOCAL_KEYS: ReadonlySet<string> = new Set(["local", "root"]);
/** A host or user that begins with a dash would be read as an option by ssh. */
const PLAIN_NAME = /^[A-Za-z0-9_.:%[\]][A-Za-z0-9_.:%[\]-]*$/;
const PLAIN_USER = /^[A-Za-z0-9_.@\\][A-Za-z0-9_.@\\$-]*$/;
/** Instead of a host key: the first one that the host shows is remembered. */
export const TRUST_FIRST = "trust-first";
const HOST_KEY = /^(ssh|ecdsa|sk)-[a-z0-9@.-]+ [A-Za-z0-9+/=]+( .*)?$/;

/** The same host, whatever the way to it: a change of this means that the old target is to be left behind. */
export function hostOf(connection: Plain | undefined): string | undefined {
  const checked = connection === undefined ? undefined : checkConnection(connection).canonical;
  if (!isMap(checked)) return undefined;
  if (checked["local"] === true) return `local:${JSON.stringify(checked["root"])}`;
  return typeof checked["host"] === "string" ? `ssh:${checked["host"]}` : undefined;
}

export function checkConnection(given: Plain | undefined): CheckedConnection {
  if (given === undefined || given === null)
    return wrong("", "missing: say how the host is reached, for example ssh://user@host");
  if (isUnknown(given)) return { canonical: given, problems: [] };
  if (typeof given === "string") {
    const parsed = parseConnectionText(given);
    return parsed.ok ? checkConnection(parsed.value) : { canonical: given, problems: [at("", parsed.why)] };
  }
  if (!isMap(given)) return wrong("", "must be a text such as ssh://user@host, or an object");
  return given["local"] === undefined ? checkSsh(given) : checkLocal(given);
}

const at = (key: string, reason: string): CheckProblem => ({
  property: key ? `connection.${key}` : "connection",
  reason,
});
const wrong = (key: string, reason: string): CheckedConnection => ({
  canonical: null,
  problems: [at(key, reason)],
});

function unknownKeys(map: PlainMap, known: ReadonlySet<string>): CheckProblem[] {
  return Object.keys(map)
    .filter(key => !known.has(key))
    .map(key => at(key, `is not known here; known are: ${[...known].join(", ")}`));
}

function checkLocal(map: PlainMap): CheckedConnection {
  const problems = unknownKeys(map, LOCAL_KEYS);
  if (map["local"] !== true) problems.push(at("local", "must be true where it is given"));
  const root = map["root"] ?? "/";
  const textual = typeof root === "string" && root !== "" && !root.includes("\0");
  if (!textual && !isUnknown(root)) problems.push(at("root", "must be the path of a folder"));
  return { canonical: problems.length > 0 ? map : { local: true, root }, problems };
}

function checkText(map: PlainMap, key: string): CheckProblem[] {
  const value = map[key];
  if (value === undefined || isUnknown(value)) return [];
  if (typeof value !== "string" || value === "") return [at(key, "must be a text")];
  if (key !== "privateKey" && /[\0\n\r]/.test(value)) return [at(key, "must be a single line")];
  if (key === "knownHostsFile" && value.includes('"')) return [at(key, "must not hold quotes")];
  if (key === "host" && !PLAIN_NAME.test(value)) return [at(key, "is not a host name or address")];
  if (key === "user" && !PLAIN_USER.test(value)) return [at(key, "is not a user name")];
  if (key === "hostKey" && value !== TRUST_FIRST && !HOST_KEY.test(value))
    return [
      at(key, `must be a public key, as in known_hosts (its type, a space, its base64), or ${TRUST_FIRST}`),
    ];
  return [];
}

function checkPort(port: Plain | undefined): CheckProblem[] {
  if (port === undefined || isUnknown(port)) return [];
  const valid = typeof port === "number" && Number.isInteger(port) && port > 0 && port < 65536;
  return valid ? [] : [at("port", "must be a whole number from 1 to 65535")];
}

function checkSsh(map: PlainMap): CheckedConnection {
  const problems = [
    ...unknownKeys(map, SSH_KEYS),
    ...TEXTS.flatMap(key => checkText(map, key)),
    ...checkPort(map["port"]),
  ];
  if (map["host"] === undefined) problems.push(at("host", "missing: a host name or address"));
  if (map["sudo"] !== undefined && typeof map["sudo"] !== "boolean" && !isUnknown(map["sudo"]))
    problems.push(at("sudo", "must be true or false"));
  if (map["identityFile"] !== undefined && map["privateKey"] !== undefined)
    problems.push(at("privateKey", "give either identityFile or privateKey"));
  if (problems.length > 0) return { canonical: map, problems };
  const { sudo, ...rest } = map;
  return { canonical: sudo === undefined || sudo === false ? rest : { ...rest, sudo }, problems };
}

/** Undefined where it is not (yet) a whole, valid connection. */
export function parseConnection(given: Plain | undefined): Connection | undefined {
  const { canonical, problems } = checkConnection(given);
  if (problems.length > 0 || !isMap(canonical)) return undefined;
  const text = (key: string): string | undefined =>
    typeof canonical[key] === "string" ? canonical[key] : undefined;
  const root = text("root");
  if (canonical["local"] === true) return root === undefined ? undefined : { kind: "local", root };
  const host = text("host");
  if (host === undefined || Object.values(canonical).some(isUnknown)) return undefined;
  const optional = Object.fromEntries(
    TEXTS.flatMap(key => (key !== "host" && text(key) !== undefined ? [[key, text(key)]] : [])),
  );
  const port = typeof canonical["port"] === "number" ? { port: canonical["port"] } : {};
  return { kind: "ssh", host, ...port, ...optional, sudo: canonical["sudo"] === true };
}

/** For messages: never holds a credential. */
export function describeConnection(connection: Connection): string {
  if (connection.kind === "local")
    return connection.root === "/" ? "this machine" : `folder ${connection.root}`;
  const user = connection.user === undefined ? "" : `${connection.user}@`;
  const port = connection.port === undefined ? "" : `:${connection.port}`;
  const host = connection.host.includes(":") ? `[${connection.host}]` : connection.host;
  return `ssh://${user}${host}${port}`;
}
