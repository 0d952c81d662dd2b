/** Real events, as record-events.ts recorded them. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { parseEvent, type EngineEvent } from "../../../src/pulumi/engine-event.ts";

const folder = path.resolve(import.meta.dirname, "../../fixtures/events");

export function recordedEvents(name: string): readonly EngineEvent[] {
  const lines = readFileSync(path.join(folder, `${name}.jsonl`), "utf8")
    .trim()
    .split("\n");
  return lines.flatMap(line => parseEvent(line) ?? []);
}

export interface RecordedProcess {
  readonly code: number;
  readonly stderr: string;
  /** What the program wrote. */
  readonly output: string;
}

export function recordedProcess(name: string): RecordedProcess {
  return JSON.parse(readFileSync(path.join(folder, `${name}.json`), "utf8")) as RecordedProcess;
}
