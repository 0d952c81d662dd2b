/**
 * Stacks that name the lines of the TypeScript that people wrote. The SDK takes a stack for each resource, so making
 * one must be cheap: source-map-support, which `cmd/run` installs, looks for maps in files on disk, where what was
 * compiled in memory has none, and takes several times as long.
 */
import { findSourceMap } from "node:module";
import { fileURLToPath } from "node:url";

const plainPath = (name: string): string => (name.startsWith("file:") ? fileURLToPath(name) : name);

/** `FILE:LINE:COLUMN` of what was compiled to the code of this frame; undefined where it was not compiled. */
function originOf(file: string, frame: NodeJS.CallSite): string | undefined {
  const [line, column] = [frame.getLineNumber(), frame.getColumnNumber()];
  const map = findSourceMap(file);
  if (!map || line === null || column === null) return undefined;
  const origin = map.findOrigin(line, column);
  if (!("fileName" in origin)) return undefined;
  return `${plainPath(origin.fileName)}:${origin.lineNumber}:${origin.columnNumber}`;
}

interface Frame extends NodeJS.CallSite {
  /** As V8 writes it: `at` this. */
  toString(): string;
}

function describeFrame(frame: Frame): string {
  const text = frame.toString();
  const file = frame.getFileName();
  if (!file || file.startsWith("node:")) return text;
  const origin = originOf(file, frame);
  return origin === undefined
    ? text
    : text.replace(`${file}:${frame.getLineNumber()}:${frame.getColumnNumber()}`, () => origin);
}

const describeStack = (error: Error, frames: readonly NodeJS.CallSite[]): string =>
  [`${error.name || "Error"}: ${error.message}`, ...frames.map(describeFrame)].join("\n    at ");

/** To be called when `cmd/run` has set its own way. */
export function describeStacksBySource(): void {
  process.setSourceMapsEnabled(true);
  Error.prepareStackTrace = describeStack;
}
