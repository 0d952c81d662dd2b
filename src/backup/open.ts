/** Opens a backup: decrypted, unpacked into a folder, and held to its manifest and to the database's own checks. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createZstdDecompress } from "node:zlib";
import { ArchiveError, unpack } from "./archive.ts";
import type { OwnIdentities, Sealer } from "../engine/ports/sealer.ts";
import { DATABASE, MANIFEST, readManifest, type ManifestBody, type OriginMark } from "./manifest.ts";
import { fault, good, type BackupTarget, type Outcome } from "./target.ts";

/** age, and the mark of who made something. */
export interface Cipher {
  readonly sealer: Pick<Sealer, "own" | "sealStream" | "openStream">;
  /** Undefined where there is no identity. */
  mark(text: string): Promise<OriginMark | undefined>;
  judge(text: string, mark: OriginMark): Promise<"ours" | "forged" | "unknown maker">;
}

export interface OpenRequest {
  readonly target: Pick<BackupTarget, "read" | "where">;
  readonly name: string;
  readonly cipher: Cipher;
  /** Empty; filled with the backup's files. */
  readonly folder: string;
  readonly findDamage: (file: string) => Promise<string | undefined>;
}

export interface OpenedBackup {
  readonly body: ManifestBody;
  /** False: made with a key that we do not have, so nobody can tell whether it is ours. */
  readonly ours: boolean;
  /** Who made it: age1… */
  readonly maker: string;
}

const OTHER = "take another one: `holdfast backup list`, then `holdfast restore --backup NAME`";

function noWayIn(name: string, { recipients, looked, problems }: OwnIdentities): Outcome<never> {
  const seen = problems.length > 0 ? ` (${problems.join("; ")})` : "";
  const why =
    recipients.length === 0
      ? `no age key was found; looked in ${looked.join(", ")}${seen}`
      : `it is damaged, or encrypted for another key than ours, which is ${recipients.join(", ")}`;
  return fault(
    `the backup ${name} cannot be opened: ${why}`,
    "give the key that it was made for: SOPS_AGE_KEY_FILE=PATH holdfast restore …",
  );
}

/** A stream that was cut or changed ends in an error of one of those who read it. */
async function extract({ target, name, cipher, folder }: OpenRequest): Promise<Outcome<readonly string[]>> {
  const sealed = await target.read(name);
  if (!sealed.ok) return sealed;
  const plain = await cipher.sealer.openStream(Readable.toWeb(sealed.value));
  if (!plain) {
    sealed.value.destroy();
    return noWayIn(name, await cipher.sealer.own());
  }
  const tar = createZstdDecompress();
  try {
    const [, names] = await Promise.all([pipeline(Readable.fromWeb(plain), tar), unpack(tar, folder)]);
    return good(names);
  } catch (error) {
    if (isDisk(error)) throw error;
    const why = error instanceof ArchiveError ? error.message : "it was cut or changed";
    return fault(`the backup ${name} is damaged: ${why}`, OTHER);
  } finally {
    // Whoever still waits for a reader that gave up ends with it.
    tar.destroy();
    sealed.value.destroy();
  }
}

/** Of our own folder, and so no word on the backup. */
const isDisk = (error: unknown): boolean =>
  error instanceof Error &&
  "code" in error &&
  ["ENOSPC", "EDQUOT", "EIO", "EROFS"].includes(String(error.code));

async function differs(
  folder: string,
  { name, size, sha256 }: ManifestBody["files"][number],
): Promise<boolean> {
  const hash = createHash("sha256");
  let seen = 0;
  await pipeline(
    createReadStream(path.join(folder, name)),
    async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        seen += chunk.length;
        yield chunk;
      }
    },
    hash,
  );
  return seen !== size || hash.digest("hex") !== sha256;
}

async function judge(request: OpenRequest, names: readonly string[]): Promise<Outcome<OpenedBackup>> {
  const { folder, name, cipher, findDamage } = request;
  const damaged = (why: string): Outcome<never> => fault(`the backup ${name} is damaged: ${why}`, OTHER);
  if (names[0] !== MANIFEST) return damaged("it has no manifest");
  const read = readManifest(await readFile(path.join(folder, MANIFEST), "utf8"));
  if (!read)
    return fault(
      `the backup ${name} was made by another version of holdfast`,
      "use that version, or a newer one",
    );
  const { manifest, body } = read;
  const origin = await cipher.judge(manifest.body, manifest.mark);
  if (origin === "forged")
    return damaged("it says that it is ours and is not: somebody else may have put it there");
  const told = [MANIFEST, ...body.files.map(file => file.name)];
  if (!names.includes(DATABASE) || told.toSorted().join("/") !== names.toSorted().join("/"))
    return damaged("its files are not those that its manifest names");
  for (const file of body.files)
    if (await differs(folder, file)) return damaged(`${file.name} is not what was backed up`);
  const damage = await findDamage(path.join(folder, DATABASE));
  if (damage !== undefined) return damaged(`the database in it is not whole: ${damage}`);
  return good({ body, ours: origin === "ours", maker: manifest.mark.maker });
}

/** A fault names the backup and says what to do. Throws where our own disk fails. */
export async function openBackup(request: OpenRequest): Promise<Outcome<OpenedBackup>> {
  const names = await extract(request);
  return names.ok ? judge(request, names.value) : names;
}
