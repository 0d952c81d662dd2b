/** The key of an S3-compatible store: from a file in the form of AWS's own tools, else from their variables. */
import { readFile } from "node:fs/promises";
import type { S3Credentials } from "./s3-sign.ts";
import { fault, good, type Outcome } from "./target.ts";

const HINT =
  "write `aws_access_key_id = …` and `aws_secret_access_key = …` into it, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY";

/** `name = value` lines of the section `[default]`, or of a file without sections. */
function parse(text: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  let section = "default";
  for (const line of text.split(/\r?\n/)) {
    const header = /^\s*\[([^\]]+)\]/.exec(line)?.[1];
    if (header !== undefined) section = header.trim();
    const [, name, value = ""] = /^\s*([a-z_]+)\s*=\s*(\S+)\s*$/i.exec(line) ?? [];
    if (name !== undefined && section === "default") found.set(name.toLowerCase(), value);
  }
  return found;
}

function credentialsFrom(get: (name: string) => string | undefined): S3Credentials | undefined {
  const [accessKeyId, secretAccessKey] = [get("aws_access_key_id"), get("aws_secret_access_key")];
  const sessionToken = get("aws_session_token");
  if (!accessKeyId || !secretAccessKey) return undefined;
  return { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) };
}

/** `file` is absolute. The texts of faults hold no value. */
export async function s3Credentials(
  file: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Outcome<S3Credentials>> {
  if (file === undefined) {
    const found = credentialsFrom(name => env[name.toUpperCase()]);
    return found
      ? good(found)
      : fault("no key for the store is known", "name a file: backups.store.credentialsFile");
  }
  try {
    const values = parse(await readFile(file, "utf8"));
    const found = credentialsFrom(name => values.get(name));
    return found ? good(found) : fault(`${file} holds no key for the store`, HINT);
  } catch (error) {
    if (!(error instanceof Error) || !("code" in error)) throw error;
    return fault(`${file} cannot be read: ${String(error.code)}`, HINT);
  }
}
