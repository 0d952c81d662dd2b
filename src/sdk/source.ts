/** Files of the program's folder, read when the program runs. */
import { readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import * as pulumi from "@pulumi/pulumi";

type Report = (property: string, reason: string) => never;
type Content = { content: pulumi.Input<string> } | { contentBase64: pulumi.Input<string> };

/** The state holds the content twice; the provider refuses more as well. */
const MAX_BYTES = 10_000_000;

/** Reads a file by its path relative to the program's folder. */
export function readBytes(file: string, report: Report): Buffer {
  const path = resolve(file);
  try {
    const { size } = statSync(path);
    if (size > MAX_BYTES) report("source", `${file} holds ${size} bytes; ${MAX_BYTES} is the most`);
    return readFileSync(path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : undefined;
    if (code === undefined) throw error;
    return report("source", `${file} cannot be read (${code}); it is looked for at ${path}`);
  }
}

function contentOf(bytes: Buffer): Content {
  try {
    return { content: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch {
    return { contentBase64: bytes.toString("base64") };
  }
}

export function readSource(source: string | pulumi.asset.Asset, report: Report): Content {
  if (typeof source === "string") return contentOf(readBytes(source, report));
  if (source instanceof pulumi.asset.StringAsset) return { content: source.text };
  if (source instanceof pulumi.asset.FileAsset) {
    // The path is a promise for the asset's own sake; the file is read all the same when the program runs.
    const bytes = pulumi.output(source.path).apply(path => readBytes(path, report).toString("base64"));
    return { contentBase64: bytes };
  }
  return report("source", "must be a path, a FileAsset or a StringAsset");
}
