/** A secrets file's text as a document, by its name's ending. */
import { formatOf, type SecretDocument } from "./document.ts";
import { parseEnv } from "./env-document.ts";
import { parseJsonFile } from "./json-document.ts";
import { fault, type Outcome } from "./outcome.ts";
import { parseYaml } from "./yaml-document.ts";

/** A secrets file is small; what is larger is a mistake or an attack (kustomize-controller has the same cap). */
export const MAX_FILE_BYTES = 5 * 1024 * 1024;

const parsers = { yaml: parseYaml, json: parseJsonFile, env: parseEnv };

export function parseFile(file: string, bytes: Buffer): Outcome<SecretDocument> {
  const format = formatOf(file);
  if (!format)
    return fault(
      "its name ends with none of .yaml, .yml, .json, .env",
      "rename it, for example to app.sops.yaml",
    );
  if (bytes.length > MAX_FILE_BYTES) return fault(`it is larger than ${MAX_FILE_BYTES / 1024 / 1024} MiB`);
  const text = bytes.toString("utf8");
  if (!Buffer.from(text).equals(bytes)) return fault("it is not UTF-8 text");
  return parsers[format](text);
}
