/** Dynamic providers of programs in boxes: the CLI's wish for one comes over a socket, one connection for each. */
import net from "node:net";
import path from "node:path";
import type { DynamicProviders, PreparedProgram } from "../../engine/ports/program.ts";
import type { ProgramBox } from "../boxed-process.ts";
import { programEnvironment } from "../program-environment.ts";
import { startBoxedProvider, type BoxedProvider } from "./boxed-provider.ts";
import {
  MAX_PROVIDER_REQUEST,
  readProviderRequest,
  SOCKET_VARIABLE,
  type ProviderNews,
} from "./provider-request.ts";

/** Of one operation at a time, about 100 MB each: a program has one, or one for each provider that it configures. */
const MAX_PROVIDERS = 16;

export interface DynamicOptions {
  /** Folder for compiled code. */
  readonly cache: string;
  readonly box: ProgramBox;
  /** What every program gets. Default: PATH, HOME, LANG and their like of this process. */
  readonly env?: Readonly<Record<string, string>>;
}

interface Operation {
  readonly program: PreparedProgram;
  readonly env: Readonly<Record<string, string>>;
  readonly live: Set<Promise<BoxedProvider>>;
  readonly open: Set<net.Socket>;
}

const words = (text: string): ProviderNews => ({
  stream: "stderr",
  data: Buffer.from(`${text}\n`).toString("base64"),
});

async function provide(line: string, caller: net.Socket, operation: Operation, options: DynamicOptions) {
  const tell = (news: ProviderNews): void =>
    void (caller.writable && caller.write(`${JSON.stringify(news)}\n`));
  const request = readProviderRequest(line);
  if (!request) return void caller.end(`${JSON.stringify(words("not a request for a dynamic provider"))}\n`);
  if (operation.live.size >= MAX_PROVIDERS)
    return void caller.end(
      `${JSON.stringify(words(`more than ${MAX_PROVIDERS} dynamic providers of one program`))}\n`,
    );
  const { program, env } = operation;
  const starting = startBoxedProvider({ request, program, env, tell, ...options });
  operation.live.add(starting);
  try {
    const provider = await starting;
    caller.once("close", () => provider.stop());
    if (caller.destroyed) provider.stop();
    await provider.ended;
  } finally {
    operation.live.delete(starting);
  }
  caller.end();
}

function answer(caller: net.Socket, operation: Operation, options: DynamicOptions): void {
  let line = "";
  operation.open.add(caller);
  caller.once("close", () => operation.open.delete(caller));
  caller.on("error", () => caller.destroy());
  caller.setEncoding("utf8").on("data", (chunk: string) => {
    line += chunk;
    const end = line.indexOf("\n");
    if (end === -1) return void (line.length > MAX_PROVIDER_REQUEST && caller.destroy());
    caller.removeAllListeners("data").resume();
    provide(line.slice(0, end), caller, operation, options).catch((error: unknown) =>
      caller.end(`${JSON.stringify(words(`its box could not be made: ${String(error)}`))}\n`),
    );
  });
}

function listen(server: net.Server, socket: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen(socket, resolve);
  return promise;
}

export function createDynamicProviders(options: DynamicOptions): DynamicProviders {
  return {
    async serve({ program, env, socket }) {
      const own = { ...(options.env ?? programEnvironment(process.env)), ...env };
      const operation: Operation = { program, env: own, live: new Set(), open: new Set() };
      const server = net.createServer(caller => answer(caller, operation, options));
      await listen(server, socket);
      return {
        path: path.join(import.meta.dirname, "path"),
        env: { [SOCKET_VARIABLE]: socket },
        async close() {
          server.close();
          // Who hangs up stops its provider; one that could not be started has told so.
          for (const caller of operation.open) caller.destroy();
          await Promise.allSettled([...operation.live].map(async starting => (await starting).ended));
        },
      };
    },
  };
}
