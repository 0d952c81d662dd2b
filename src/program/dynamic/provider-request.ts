/** What the process that the CLI starts for a dynamic provider asks of the daemon, and what it is told. */

/** Where the daemon listens; set for the CLI, which hands it on. */
export const SOCKET_VARIABLE = "HOLDFAST_DYNAMIC_PROVIDERS";

/** One JSON line. */
export interface ProviderRequest {
  /** HOST:PORT of the engine. */
  readonly engine: string;
  /** Absolute. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** JSON lines: what the provider writes, in base64, and at last its exit code. */
export type ProviderNews =
  { readonly stream: "stdout" | "stderr"; readonly data: string } | { readonly code: number };

/**
 * What the CLI says of a provider in its environment (NewProvider in pkg/resource/plugin/provider_plugin.go), and
 * nothing else of it: the rest is the daemon's, with the run's token.
 */
const TOLD = /^PULUMI_(CONFIG|PROJECT|NODEJS_PROJECT|RUNTIME_[A-Z0-9_]+)$/;

export const toldOf = (env: Readonly<Record<string, string | undefined>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) =>
      TOLD.test(name) && value !== undefined ? [[name, value]] : [],
    ),
  );

/** 4 MiB: twice what Linux lets a process have for arguments and environment together. */
export const MAX_PROVIDER_REQUEST = 4 * 1024 * 1024;

const ENGINE = /^(127\.0\.0\.1|localhost|\[::1\]):\d{1,5}$/;

/** The engine's address stands among flags of Pulumi's own, for its logs. */
export const engineOf = (args: readonly string[]): string => args.find(word => ENGINE.test(word)) ?? "";

const isText = (value: unknown): value is string => typeof value === "string" && !value.includes("\0");

/** Undefined: no request. */
export function readProviderRequest(line: string): ProviderRequest | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  if (!("engine" in value) || !("cwd" in value) || !("env" in value)) return undefined;
  const { engine, cwd, env } = value;
  if (!isText(engine) || !ENGINE.test(engine) || !isText(cwd) || !cwd.startsWith("/")) return undefined;
  if (typeof env !== "object" || env === null || !Object.values(env).every(isText)) return undefined;
  return { engine, cwd, env: toldOf(env as Record<string, string>) };
}
