/** Entry of the provider host's own process. It lives as long as the IPC channel to its controller does. */
import { settleHeapWhenQuiet } from "../process/quiet-heap.ts";
import type { Heard } from "../engine/ports/probe.ts";
import type { Answers, Order, Report } from "./messages.ts";
import { gather } from "./probe/gather.ts";
import type { ProbeAnswer } from "./probe/request.ts";
import { createProviderHost, type LocalProviderHost } from "./provider-host.ts";

function report(message: Report): void {
  // A channel that is closed means that the controller is gone; `disconnect` ends this process then.
  if (process.connected) process.send?.(message, () => undefined);
}

/** Calls are told to stop at once; a file that is being written is whole or not there. */
const ORPHAN_MS = 2_000;

const questions = new Map<number, (allowed: boolean) => void>();
let asked = 0;

function mayMutate(runId: string, urn: string): Promise<boolean> {
  const question = ++asked;
  const { promise, resolve } = Promise.withResolvers<boolean>();
  questions.set(question, resolve);
  report({ report: "may", question, runId, urn });
  return promise;
}

/** What a process says on stderr is told as an error. */
const onBug = (error: unknown): void =>
  void process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);

const heard: Heard = {
  changed: stacks => report({ report: "changed", stacks }),
  deaf: (deaf, why) => report({ report: "deaf", host: deaf, why }),
};

let host: LocalProviderHost | undefined;

function answer(id: number, work: Promise<Answers[keyof Answers]>): void {
  work.then(
    value => report({ report: "done", id, value }),
    (error: unknown) =>
      report({ report: "failed", id, message: error instanceof Error ? error.message : String(error) }),
  );
}

function configured(): LocalProviderHost {
  if (!host) throw new Error("the provider host was used before it was configured");
  return host;
}

function obey(order: Order): void {
  switch (order.order) {
    case "configure":
      host = createProviderHost({ base: order.base, onBug, heard, ...(order.guarded ? { mayMutate } : {}) });
      return report({ report: "ready" });
    case "open":
      return answer(order.id, configured().open(order.request));
    case "close":
      return answer(order.id, configured().close(order.runId));
    case "unreachable":
      return answer(order.id, configured().unreachable(order.resources));
    case "probe": {
      const parts = gather<ProbeAnswer>(values => report({ report: "parts", id: order.id, values }));
      return answer(
        order.id,
        configured()
          .probe(order.stacks, parts.add)
          .then(() => {
            parts.flush();
            return null;
          }),
      );
    }
    case "watch":
      return configured().watch(order.stacks);
    case "may": {
      const resolve = questions.get(order.question);
      questions.delete(order.question);
      return resolve?.(order.allowed);
    }
  }
}

settleHeapWhenQuiet();
// Messages come from the process that forked this one, and from nobody else.
process.on("message", message => obey(message as Order));
process.once("disconnect", () => {
  const end = (): never => process.exit(0);
  // A call that hangs must not keep a dead controller's host alive.
  setTimeout(end, ORPHAN_MS);
  if (!host) end();
  else host.closeAll().then(end, end);
});
// A terminal's Ctrl-C reaches the whole group; the controller decides when this process ends.
process.on("SIGINT", () => undefined);
