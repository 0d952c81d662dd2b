/** The probe provider as a person would install it: an executable on PATH, one process for each provider. */
import { chmodSync, writeFileSync } from "node:fs";
import path from "node:path";

/** Writes the executable into `folder`; answers a PATH that begins there. */
export function probeOnPath(folder: string): string {
  const file = path.join(folder, "pulumi-resource-probe");
  const plugin = path.join(import.meta.dirname, "probe-plugin.ts");
  // It is started anew for each provider of each operation: what it loads is compiled once.
  const compiled = `NODE_COMPILE_CACHE="${path.join(folder, "compiled")}"`;
  writeFileSync(file, `#!/bin/sh\n${compiled} exec "${process.execPath}" "${plugin}" "$@"\n`);
  chmodSync(file, 0o755);
  return [folder, process.env["PATH"] ?? ""].join(path.delimiter);
}
