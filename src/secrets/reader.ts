/** The engine's way to the secrets of a checkout: decrypted in memory, checked whole, laid over each other. */
import { constants } from "node:fs";
import { open, realpath } from "node:fs/promises";
import path from "node:path";
import { fail, ok, type Result } from "../engine/failure.ts";
import type { Redactor, SecretReader, SecretTree } from "../engine/ports/secrets.ts";
import { openDataKey } from "./data-key.ts";
import { decryptDocument } from "./decrypt.ts";
import type { IdentitySource } from "./identities.ts";
import { overlay } from "./overlay.ts";
import { readMetadata } from "./metadata.ts";
import { fault, good, type Fault, type Outcome } from "./outcome.ts";
import { MAX_FILE_BYTES, parseFile } from "./parse-file.ts";

/** Reads a file of a bounded size that lies inside `root`, also after links are followed. */
export async function readInside(root: string, file: string): Promise<Outcome<Buffer>> {
  const wanted = path.resolve(root, file);
  try {
    const [base, real] = await Promise.all([realpath(root), realpath(wanted)]);
    if (path.isAbsolute(file) || !real.startsWith(base + path.sep))
      return fault("it lies outside of the repository");
    const handle = await open(real, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stat = await handle.stat();
      if (!stat.isFile()) return fault("it is not a plain file");
      if (stat.size > MAX_FILE_BYTES) return fault(`it is larger than ${MAX_FILE_BYTES / 1024 / 1024} MiB`);
      return good(await handle.readFile());
    } finally {
      await handle.close();
    }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === undefined) throw error;
    return code === "ENOENT" || code === "ENOTDIR"
      ? fault(
          "there is no such file",
          "check the name under `secrets:` in holdfast.yaml; it counts from the repository's top",
        )
      : fault(`it could not be read: ${code}`);
  }
}

export interface ReaderOptions {
  readonly redactor: Pick<Redactor, "add">;
  readonly identities: IdentitySource;
}

export function createSecretReader({ redactor, identities }: ReaderOptions): SecretReader {
  /** With the keys known already, and once more with keys read anew: one may have been put there since. */
  async function dataKey(metadata: Parameters<typeof openDataKey>[0]): Promise<Outcome<Buffer>> {
    const first = await openDataKey(metadata, await identities.load());
    return first.ok ? first : openDataKey(metadata, await identities.reload());
  }
  async function readOne(root: string, file: string): Promise<Outcome<SecretTree>> {
    const bytes = await readInside(root, file);
    if (!bytes.ok) return bytes;
    const document = parseFile(file, bytes.value);
    if (!document.ok) return document;
    const metadata = readMetadata(document.value.metadata);
    if (!metadata.ok) return metadata;
    const key = await dataKey(metadata.value);
    if (!key.ok) return key;
    const opened = decryptDocument(document.value, metadata.value, key.value);
    if (!opened.ok) return opened;
    opened.value.secrets.forEach(value => redactor.add(value));
    return good(document.value.tree());
  }
  return {
    async read(root, files): Promise<Result<SecretTree>> {
      let tree: SecretTree = {};
      for (const file of files) {
        const one = await readOne(root, file);
        if (!one.ok) return fail(unreadable(file, one));
        tree = overlay(tree, one.value);
      }
      return ok(tree);
    },
  };
}

function unreadable(file: string, { why, hint }: Fault): Parameters<typeof fail>[0] {
  const failure = { kind: "stalled", reason: "secret-unreadable", file, why } as const;
  return hint === undefined ? failure : { ...failure, hint };
}
