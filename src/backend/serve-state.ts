/** The state service as a process of its own: serves until it is told to stop. */
import { createStateService, type StateServiceOptions } from "./service.ts";

export interface ServeStateOptions extends StateServiceOptions {
  readonly port: number;
  /** Default: loopback. */
  readonly host?: string;
  /** Aborted when the process is to end. */
  readonly signal: AbortSignal;
  /** Called once requests are taken. */
  readonly onReady: (port: number) => void;
}

/** Resolves after a clean stop; rejects where the port can't be had. */
export async function serveState(options: ServeStateOptions): Promise<void> {
  const service = createStateService(options);
  const port = await service.listen(options.port, options.host);
  options.onReady(port);
  const { promise, resolve } = Promise.withResolvers<void>();
  if (options.signal.aborted) resolve();
  options.signal.addEventListener("abort", () => resolve(), { once: true });
  await promise;
  await service.close();
}
