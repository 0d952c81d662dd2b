/** Which of the operator's credentials, and what of the daemon's own environment, goes to one address. */
import type { Address, Login } from "./address.ts";
import type { Credentials, RemoteAccess, SshCredentials, TokenCredentials } from "./git-environment.ts";

const SSH_PORT = /:22$/;
const HTTPS_PORT = /:443$/;

const isHostOf = (address: Address, host: string, port: RegExp): boolean =>
  address.host !== undefined && host.toLowerCase().replace(port, "") === address.host.replace(port, "");

/** The token for this host; undefined where none is. */
export function tokenFor(
  address: Address,
  credentials: readonly Credentials[],
): TokenCredentials | undefined {
  if (address.protocol !== "https") return undefined;
  return credentials
    .filter(one => one.kind === "token")
    .find(({ host }) => isHostOf(address, host, HTTPS_PORT));
}

/** The login that may go to this address: the configured one for its host, or the one that stood in its URL. */
export function loginFor(address: Address, credentials: readonly Credentials[]): Login | undefined {
  if (address.protocol !== "https") return undefined;
  const token = tokenFor(address, credentials);
  if (!token) return address.login;
  const username = token.username ?? address.login?.username;
  return {
    username: username === undefined || username === "" ? "git" : username,
    // A token may be renewed while we run: each call of git takes the newest.
    get password() {
      return token.token;
    },
  };
}

/** What was said of this host goes before what is said of any. */
export function sshFor(address: Address, credentials: readonly Credentials[]): SshCredentials | undefined {
  if (address.protocol !== "ssh") return undefined;
  const ssh = credentials.filter(one => one.kind === "ssh");
  return (
    ssh.find(({ host }) => host !== undefined && isHostOf(address, host, SSH_PORT)) ??
    ssh.find(({ host }) => host === undefined)
  );
}

export function accessTo(
  address: Address,
  credentials: readonly Credentials[],
  network: RemoteAccess["network"],
): RemoteAccess {
  const [login, ssh] = [loginFor(address, credentials), sshFor(address, credentials)];
  return { ...(login && { login }), ...(ssh && { ssh }), ...(network && { network }) };
}

const PASSED = /^(HTTPS?_PROXY|NO_PROXY|ALL_PROXY|GIT_SSL_CA(INFO|PATH))$/i;

/**
 * Proxies and trusted certificates of the daemon's environment, for git. SSL_CERT_FILE and SSL_CERT_DIR count too, which
 * git built with GnuTLS (as Debian's) would not look at.
 */
export function networkEnvironment(
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const given = Object.entries(env).flatMap(([name, value]) =>
    value !== undefined && value !== "" && PASSED.test(name) ? [[name, value] as const] : [],
  );
  const { SSL_CERT_FILE: file, SSL_CERT_DIR: folder } = env;
  return {
    ...(file ? { GIT_SSL_CAINFO: file } : {}),
    ...(folder ? { GIT_SSL_CAPATH: folder } : {}),
    ...Object.fromEntries(given),
  };
}
