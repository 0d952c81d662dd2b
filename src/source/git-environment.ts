/** The environment of every git process: nothing inherited, nothing read from the machine's settings, nothing asked. */
import type { Address, Login } from "./address.ts";

/** How to log in to an https server. Given to this one host and to no other, whatever the URL is changed to. */
export interface TokenCredentials {
  readonly kind: "token";
  /** Host name, with the port where it is not 443. */
  readonly host: string;
  /** Default `git`, which GitHub, GitLab and Gitea accept beside a token. */
  readonly username?: string;
  /** Read anew for each call of git. */
  readonly token: string;
}

/** How ssh logs in; what is not given is as in the user's own ssh settings. Absolute paths. */
export interface SshCredentials {
  readonly kind: "ssh";
  /** Host name as in the address, with the port where it is not 22. Default: any. */
  readonly host?: string;
  readonly identityFile?: string;
  readonly knownHostsFile?: string;
  /** Socket of an ssh-agent (SSH_AUTH_SOCK). */
  readonly agentSocket?: string;
}

export type Credentials = TokenCredentials | SshCredentials;

type Environment = Readonly<Record<string, string>>;

/** Settings that a hostile repository, or one that another user owns, would otherwise choose for us. */
const HARDENING: readonly (readonly [string, string])[] = [
  ["core.hooksPath", "/dev/null"],
  ["core.fsmonitor", "false"],
  ["core.attributesFile", "/dev/null"],
  ["core.logAllRefUpdates", "false"],
  ["submodule.recurse", "false"],
  ["fetch.recurseSubmodules", "false"],
  ["transfer.bundleURI", "false"],
  ["log.showSignature", "false"],
  // Housekeeping is ours to call (mirror.ts), not something that starts in the background.
  ["gc.auto", "0"],
  ["maintenance.auto", "false"],
  // A redirect could lead to another host; the operator writes the address that it leads to instead.
  ["http.followRedirects", "false"],
  // A server that sends nearly nothing for this long (bytes a second, seconds) is given up.
  ["http.lowSpeedLimit", "100"],
  ["http.lowSpeedTime", "30"],
];

/** Seconds; a host that does not answer within it is down for this poll. */
const SSH_CONNECT_TIMEOUT = 10;

/** Answers the credentials from the environment, so that they are in no argument and no file. */
const CREDENTIAL_HELPER =
  '!f() { test "$1" = get && printf "username=%s\\npassword=%s\\n" "$HOLDFAST_GIT_USERNAME" "$HOLDFAST_GIT_PASSWORD"; }; f';

const BASE: Environment = {
  PATH: process.env["PATH"] ?? "/usr/local/bin:/usr/bin:/bin",
  // ssh takes the home folder of the user id and not this one; git has nothing to read there.
  HOME: process.env["HOME"] ?? "/nonexistent",
  LC_ALL: "C",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_ATTR_NOSYSTEM: "1",
  GIT_TERMINAL_PROMPT: "0",
  GIT_ASKPASS: "",
  SSH_ASKPASS: "",
  GIT_NO_REPLACE_OBJECTS: "1",
  GIT_NO_LAZY_FETCH: "1",
  GIT_OPTIONAL_LOCKS: "0",
};

/** For calls on the mirror alone: no protocol is allowed, no credential is there. */
export function localEnvironment(gitDir: string): Environment {
  return { ...BASE, GIT_DIR: gitDir, GIT_ALLOW_PROTOCOL: "none", ...configVariables(HARDENING) };
}

/** How calls reach the remote. */
export interface RemoteAccess {
  readonly login?: Login;
  readonly ssh?: SshCredentials;
  /** Proxies and trusted certificates, as `networkEnvironment` answers them. */
  readonly network?: Environment;
}

/** For calls that talk to the remote. `globalConfig` is our own file that says which file repository is safe. */
export function remoteEnvironment(
  gitDir: string,
  address: Address,
  options: RemoteAccess & { readonly globalConfig?: string },
): Environment {
  const { login } = options;
  const helper = login ? credentialSettings(address) : [];
  return {
    ...options.network,
    ...BASE,
    ...(options.globalConfig === undefined ? {} : { GIT_CONFIG_GLOBAL: options.globalConfig }),
    GIT_DIR: gitDir,
    GIT_ALLOW_PROTOCOL: address.protocol,
    ...(address.protocol === "ssh" ? sshVariables(options.ssh) : {}),
    ...(login ? { HOLDFAST_GIT_USERNAME: login.username, HOLDFAST_GIT_PASSWORD: login.password } : {}),
    ...configVariables([...HARDENING, ...helper]),
  };
}

/** The helper is bound to the host: git itself does not ask it for any other. */
const credentialSettings = (address: Address): (readonly [string, string])[] => [
  [`credential.https://${address.host ?? ""}.helper`, CREDENTIAL_HELPER],
];

function sshVariables(ssh: SshCredentials | undefined): Environment {
  const options = [
    "BatchMode=yes",
    "StrictHostKeyChecking=yes",
    `ConnectTimeout=${SSH_CONNECT_TIMEOUT}`,
    "ServerAliveInterval=10",
    "ServerAliveCountMax=3",
    "ForwardAgent=no",
    "ClearAllForwardings=yes",
    "PermitLocalCommand=no",
    ...(ssh?.identityFile === undefined ? [] : ["IdentitiesOnly=yes"]),
    // ssh reads quotes of its own in this value: a path with a space in it needs them.
    ...(ssh?.knownHostsFile === undefined ? [] : [`UserKnownHostsFile="${ssh.knownHostsFile}"`]),
  ];
  const identity = ssh?.identityFile === undefined ? [] : ["-i", ssh.identityFile];
  const command = ["ssh", ...options.flatMap(option => ["-o", option]), ...identity];
  return {
    GIT_SSH_COMMAND: command.map(quoteForShell).join(" "),
    GIT_SSH_VARIANT: "ssh",
    ...(ssh?.agentSocket === undefined ? {} : { SSH_AUTH_SOCK: ssh.agentSocket }),
  };
}

/** git hands GIT_SSH_COMMAND to a shell. */
const quoteForShell = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;

/** Settings as environment: nothing in argv, nothing on disk. */
function configVariables(settings: readonly (readonly [string, string])[]): Environment {
  const pairs = settings.flatMap(([key, value], i) => [
    [`GIT_CONFIG_KEY_${i}`, key] as const,
    [`GIT_CONFIG_VALUE_${i}`, value] as const,
  ]);
  return { GIT_CONFIG_COUNT: String(settings.length), ...Object.fromEntries(pairs) };
}
