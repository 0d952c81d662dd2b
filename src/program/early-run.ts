/**
 * A program that is brought up while the CLI still comes up, because it will most likely be asked for in the words of the
 * last time. The SDK makes the stack itself before it loads the program, and waits for the engine to answer: nothing of
 * the program has run by then. Where the CLI asks in other words, or for too long not at all, the process is ended and
 * another one begins anew.
 */
import { isDeepStrictEqual } from "node:util";
import type { Addresses } from "./boxed-process.ts";
import type { ProcessEnd, ProgramProcess, Stream } from "./program-process.ts";
import { reached } from "./run-request.ts";
import type { RunMessage } from "./worker/run-message.ts";

/** gRPC gives a connection up that nobody answers for 20 s, and the SDK the program. Before that it is called off. */
const PATIENCE_MS = 15_000;
/** Until the engine can be told. */
const MAX_WRITTEN = 256;

export type OnOutput = (stream: Stream, chunk: Buffer) => void;

export interface EarlyRun {
  /** Whether it runs just this. */
  fits(message: RunMessage): boolean;
  /** The engine is there: lets it go on, to its end. */
  meet(addresses: Addresses, onOutput: OnOutput): Promise<ProcessEnd>;
}

/** `expected`: as `toRunMessage` makes them. */
export function beginEarly(process: ProgramProcess, expected: RunMessage): EarlyRun {
  const met = Promise.withResolvers<Addresses>();
  const written: [Stream, Buffer][] = [];
  let heard: OnOutput = (stream, chunk) =>
    void (written.length < MAX_WRITTEN && written.push([stream, chunk]));
  let over = false;
  const callOff = (): void => {
    over = true;
    void process.stop();
  };
  const timer = setTimeout(callOff, PATIENCE_MS).unref();
  const ended = process
    .lead(met.promise)
    .then(near => process.run(reached(expected, near), (stream, chunk) => heard(stream, chunk)))
    .finally(() => clearTimeout(timer));
  // Who meets it, hears of it.
  ended.catch(() => undefined);
  return {
    // One that has ended by itself waited in vain: its end is none of the program's.
    fits: message => !over && process.alive() && isDeepStrictEqual(message, expected),
    meet(addresses, onOutput) {
      clearTimeout(timer);
      heard = onOutput;
      for (const [stream, chunk] of written.splice(0)) onOutput(stream, chunk);
      met.resolve(addresses);
      return ended;
    },
  };
}
