/** What the ways to the Pulumi CLI share. */

/** Of the CLI that holdfast is made for; tools/go.mod and package.json pin the same. */
export const PULUMI_VERSION = "3.259.0";

/** `option`: a path that a person gave. */
export type WayName = "option" | "path" | "cache" | "download" | "build";

/** `said` is for a person, in one line where that is enough. */
export type Attempt =
  | { readonly found: true; readonly path: string; readonly version: string; readonly said: string }
  | { readonly found: false; readonly said: string };

export interface Search {
  readonly env: NodeJS.ProcessEnv;
  readonly tools: string;
  readonly install: boolean;
  readonly onProgress: (text: string) => void;
  readonly signal?: AbortSignal;
}

export const notFound = (said: string): Attempt => ({ found: false, said });

/** Picks from an environment what a tool is meant to have. */
export function pick(env: NodeJS.ProcessEnv, names: readonly string[]): Record<string, string> {
  const kept = names.map(name => [name, env[name]] as const);
  return Object.fromEntries(kept.filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/** What lets a tool reach the network the way this machine does. */
export const NETWORK_ENV = [
  ...["HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "https_proxy", "http_proxy", "no_proxy"],
  ...["NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE"],
];

/** The last line that says something. */
export function lastLine(output: Buffer): string {
  const lines = output.toString("utf8").trim().split("\n");
  return lines.at(-1)?.trim() ?? "";
}
