/** Tells the Pulumi engine what a program writes, as the language host does, so that the CLI shows it. */
import grpc from "@grpc/grpc-js";
import engineRpc from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import engine from "@pulumi/pulumi/proto/engine_pb.js";
import type { Stream } from "./program-process.ts";

/** 256 KiB of each stream reach the CLI: it keeps every line in memory and in the run's events. */
const FORWARD_LIMIT = 256 * 1024;
/** The engine is on this machine and answers at once; when it does not, the run is over anyway. */
const LOG_DEADLINE_MS = 5000;

export interface EngineLog {
  write(stream: Stream, chunk: Buffer): void;
  /** Resolves when the engine has everything that is left; also when it is gone. */
  close(): Promise<void>;
}

interface Pending {
  waiting: Buffer[];
  forwarded: number;
}

/** Cuts at `FORWARD_LIMIT` and says so, once. */
function admit(pending: Pending, chunk: Buffer, stream: Stream): void {
  const room = FORWARD_LIMIT - pending.forwarded;
  if (room <= 0) return;
  pending.forwarded += chunk.length;
  pending.waiting.push(chunk.subarray(0, room));
  if (chunk.length >= room) {
    pending.waiting.push(
      Buffer.from(`\n[holdfast: ${stream} is longer than 256 KiB; the rest is not shown]\n`),
    );
  }
}

/** Without an address (an engine that is too old to say it) everything is dropped. */
export function openEngineLog(address: string): EngineLog {
  if (address === "") return { write: () => undefined, close: async () => undefined };
  const client = new engineRpc.EngineClient(address, grpc.credentials.createInsecure());
  const streams: Record<Stream, Pending> = {
    stdout: { waiting: [], forwarded: 0 },
    stderr: { waiting: [], forwarded: 0 },
  };
  const send = (stream: Stream, message: string): Promise<void> => {
    const request = new engine.LogRequest();
    request.setSeverity(engine.LogSeverity.INFO);
    request.setMessage(message);
    request.setStreamid(stream === "stdout" ? 1 : 2);
    const { promise, resolve } = Promise.withResolvers<void>();
    // An engine that does not answer any more has ended the run; there is nobody to tell.
    const options = { deadline: Date.now() + LOG_DEADLINE_MS };
    client.log(request, new grpc.Metadata(), options, () => resolve());
    return promise;
  };
  /** Sends what came in while the last message was under way, whole lines together. */
  const flush = async (final: boolean): Promise<void> => {
    for (const stream of ["stdout", "stderr"] as const) {
      const joined = Buffer.concat(streams[stream].waiting);
      const end = final ? joined.length : joined.lastIndexOf(0x0a) + 1;
      streams[stream].waiting = end < joined.length ? [joined.subarray(end)] : [];
      if (end > 0) await send(stream, joined.subarray(0, end).toString());
    }
  };
  let busy: Promise<void> | undefined;
  const pump = (): void => {
    busy ??= flush(false).finally(() => {
      busy = undefined;
    });
  };
  return {
    write(stream, chunk) {
      admit(streams[stream], chunk, stream);
      pump();
    },
    async close() {
      while (busy) await busy;
      await flush(true);
      client.close();
    },
  };
}
