/** Properties of an unpacked archive. */
import { base64 } from "./file.ts";
import { account, pathInLine } from "./place.ts";
import { oneOf, optional, required, text, whole, type Shape } from "./shape.ts";

const ENDINGS = [
  ["tar.gz", /\.(tar\.gz|tgz)$/i],
  ["tar.xz", /\.(tar\.xz|txz)$/i],
  ["tar.zst", /\.(tar\.zst|tzst)$/i],
  ["tar.bz2", /\.(tar\.bz2|tbz2?)$/i],
  ["tar", /\.tar$/i],
  ["zip", /\.zip$/i],
] as const;

export type ArchiveFormat = (typeof ENDINGS)[number][0];
export const ARCHIVE_FORMATS: readonly ArchiveFormat[] = ENDINGS.map(([format]) => format);

/** By how a file's name ends; of an address, what follows its path does not count. */
export function formatOf(name: string): ArchiveFormat | undefined {
  const file = /^https?:/i.test(name) ? name.replace(/[?#].*$/s, "") : name;
  return ENDINGS.find(([, ending]) => ending.test(file))?.[0];
}

const url = text({
  pattern: /^https?:\/\/[^\s"\\]+$/i,
  what: "an address that begins with https:// or http://",
});
const checksum = text({
  pattern: /^[0-9a-f]{64}$/,
  what: "a SHA-256 in 64 hexadecimal digits, in small letters",
});

export const ARCHIVE: Shape = {
  path: required(pathInLine, "the absolute path of the folder on the host"),
  url: optional(url),
  contentBase64: optional(base64),
  checksum: optional(checksum),
  format: optional(oneOf(...ARCHIVE_FORMATS)),
  strip: optional(whole(0, 10)),
  owner: optional(account),
  group: optional(account),
};
