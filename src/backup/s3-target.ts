/** Backups in an S3-compatible store: one object each, which is there when it is whole. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { parseBackupName } from "./name.ts";
import { callS3, type S3Settings } from "./s3-request.ts";
import { fault, good, type BackupTarget, type Outcome, type StoredBackup } from "./target.ts";

/** What one PUT may carry in Amazon's S3 and most others. */
const MOST_BYTES = 5 * 1024 ** 3;
/** A thousand keys a page: far more backups than any retention keeps. */
const MOST_PAGES = 100;

async function hashOf(file: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  return hash.digest("hex");
}

interface Page {
  readonly found: readonly StoredBackup[];
  readonly next?: string;
}

const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
const LAST_CHARACTER = 0x10ffff;
const character = (code: number): string => (code <= LAST_CHARACTER ? String.fromCodePoint(code) : "");
const plain = (xml: string): string =>
  xml
    .replace(/&#x([0-9a-f]{1,6});/gi, (_, hex: string) => character(Number.parseInt(hex, 16)))
    // What is written in Go says ' so.
    .replace(/&#(\d{1,7});/g, (_, decimal: string) => character(Number(decimal)))
    .replace(/&(\w+);/g, (whole, name: string) => ENTITIES[name] ?? whole);

/** A page of ListObjectsV2. Names that are not a backup's are somebody else's objects. */
export function readListing(xml: string, keyPrefix: string): Page {
  const found = [...xml.matchAll(/<Contents>([\s\S]*?)<\/Contents>/g)].flatMap(([, body = ""]) => {
    const key = plain(/<Key>([^<]*)<\/Key>/.exec(body)?.[1] ?? "");
    const one = key.startsWith(keyPrefix) ? parseBackupName(key.slice(keyPrefix.length)) : undefined;
    return one ? [{ ...one, size: Number(/<Size>(\d+)<\/Size>/.exec(body)?.[1] ?? 0) }] : [];
  });
  const token = /<NextContinuationToken>([^<]*)<\/NextContinuationToken>/.exec(xml)?.[1];
  return token === undefined ? { found } : { found, next: plain(token) };
}

export function createS3Target(settings: S3Settings): BackupTarget {
  const { bucket, prefix } = settings;
  const keyPrefix = prefix === "" ? "" : `${prefix}/`;
  const where = `s3://${bucket}/${prefix}`;

  async function page(token: string | undefined): Promise<Outcome<Page>> {
    const query = {
      "list-type": "2",
      prefix: keyPrefix,
      ...(token === undefined ? {} : { "continuation-token": token }),
    };
    const answer = await callS3(settings, { method: "GET", key: "", query });
    return answer.ok ? good(readListing(await text(answer.value), keyPrefix)) : answer;
  }

  return {
    where,
    async put(name, file) {
      const { size } = await stat(file);
      if (size > MOST_BYTES)
        return fault(
          `${where}: the backup has ${size} bytes, and one object may have ${MOST_BYTES}`,
          "use a folder",
        );
      const body = { file, size, hash: await hashOf(file) };
      const answer = await callS3(settings, { method: "PUT", key: keyPrefix + name, body });
      if (!answer.ok) return answer;
      answer.value.resume();
      return good(undefined);
    },
    async list() {
      const all: StoredBackup[] = [];
      let token: string | undefined;
      for (let pages = 0; pages < MOST_PAGES; pages++) {
        const answer = await page(token);
        if (!answer.ok) return answer;
        all.push(...answer.value.found);
        token = answer.value.next;
        if (token === undefined) break;
      }
      return good(all);
    },
    read: name => callS3(settings, { method: "GET", key: keyPrefix + name }),
    async remove(names) {
      for (const name of names) {
        const answer = await callS3(settings, { method: "DELETE", key: keyPrefix + name });
        if (!answer.ok) return answer;
        answer.value.resume();
      }
      return good(undefined);
    },
  };
}
