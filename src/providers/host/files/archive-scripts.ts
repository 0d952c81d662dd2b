/** What runs on a host to unpack an archive, to see whether it still is what was unpacked, and to take it away. */
import { createHash } from "node:crypto";
import path from "node:path";
import type { ArchiveFormat } from "../../../sdk/shapes/archive.ts";
import { word } from "../../connection/shell-loop.ts";

export interface ArchiveInputs {
  readonly path: string;
  readonly source: { readonly url: string } | { readonly content: Buffer };
  readonly checksum: string;
  readonly format: ArchiveFormat;
  readonly strip: number;
  readonly owner?: string;
  readonly group?: string;
}

/** What the host keeps of an unpacking, beside the address: one line. */
export const stampOf = ({
  checksum,
  strip,
  owner,
  group,
}: Omit<ArchiveInputs, "path" | "source" | "format">): string =>
  ["stamp", checksum, strip, owner ?? "-", group ?? "-"].join(" ");

/** `$p`, the folder; `$w`, beside it, where it is unpacked; `$k`, what is kept of it, without end. */
function places(target: string): string {
  const key = createHash("sha256").update(target).digest("hex").slice(0, 32);
  return `p=${word(target)} d=${word(path.posix.dirname(target))}
w="$d/.holdfast-unpack-${key}"
if [ "$(id -u)" = 0 ]; then s=/var/lib/holdfast/archives; else s=\${HOME:?}/.local/state/holdfast/archives; fi
k="$s/${key}"`;
}

/** Of all that is in a folder: its path, then what tells whether it was touched. Of folders, times say nothing. */
const LISTING = `listing() {
( cd -P -- "$1" && find . -mindepth 1 \\( -type d -printf '%P\\t%y %m %U:%G\\0' \\) -o -printf '%P\\t%y %m %U:%G %s %T@ %l\\0' ) |
tr '\\n\\000' '\\001\\n' | sort; }`;

/** Of paths that differ. */
const MOST_SHOWN = 20;

/** "gone", "unknown", or the stamp's line, and then paths that are not as they were unpacked. */
export const lookScript = (target: string): string => `${places(target)}
${LISTING}
if [ -L "$p" ] || [ ! -d "$p" ]; then echo gone
elif [ ! -f "$k" ] || [ ! -f "$k.files" ]; then echo unknown
else
  head -n 1 -- "$k"
  listing "$p" | comm -3 - "$k.files" | sed 's/^\\t//' | cut -f 1 | sort -u | head -n ${MOST_SHOWN}
fi`;

/** The stamp's line, and the address where there is one. */
export const stampScript = (target: string): string => `${places(target)}
if [ -d "$p" ] && [ ! -L "$p" ] && [ -f "$k" ]; then cat -- "$k"; fi`;

const TOOLS: Readonly<Record<ArchiveFormat, readonly [tool: string, debianPackage: string]>> = {
  "tar.gz": ["gzip", "gzip"],
  "tar.xz": ["xz", "xz-utils"],
  "tar.zst": ["zstd", "zstd"],
  "tar.bz2": ["bzip2", "bzip2"],
  tar: ["tar", "tar"],
  zip: ["unzip", "unzip"],
};

/** The address travels as input: it may hold what nobody else is to see. wget says it with what went wrong. */
const FETCH = `url=$(cat)
if command -v curl >/dev/null; then
  printf 'url = "%s"\\n' "$url" | curl -fsSL --proto =http,https --connect-timeout 20 --retry 2 --config - -o "$w/archive"
elif command -v wget >/dev/null; then
  said=$(printf '%s\\n' "$url" | wget -nv -T 20 -t 3 -O "$w/archive" -i - 2>&1) ||
    { printf '%s\\n' "$said" | grep -v '://' >&2; false; }
else fail 'neither curl nor wget is on the host: install one of them, or give the archive as source'
fi || fail 'it could not be fetched'`;

const RECEIVE = `cat > "$w/archive" || fail 'it could not be stored'`;

function unpacking(format: ArchiveFormat): string {
  const [tool, debianPackage] = TOOLS[format];
  const missing = `${tool} is not on the host: install the package ${debianPackage}`;
  const filter = format === "tar" ? "" : `--use-compress-program=${tool}`;
  const command =
    format === "zip"
      ? `unzip -q "$w/archive" -d "$w/new"`
      : `tar -x ${filter} --no-same-owner --no-same-permissions -C "$w/new" -f "$w/archive"`;
  return `command -v ${tool} >/dev/null || fail ${word(missing)}
mkdir -- "$w/new" && ${command} || fail 'it could not be unpacked'`;
}

/** Each folder that is left out must be alone. */
const stripping = (strip: number): string => `r="$w/new" n=${strip}
while [ "$n" -gt 0 ]; do
  one=$(find "$r" -mindepth 1 -maxdepth 1 -type d)
  [ "$(find "$r" -mindepth 1 -maxdepth 1 -printf x)" = x ] && [ -n "$one" ] || fail 'there is no single folder at its top that strip could leave out'
  r=$one n=$((n - 1))
done
[ -n "$(find "$r" -mindepth 1 -maxdepth 1 -print -quit)" ] || fail 'there is nothing in it'`;

/**
 * One unpacking of a folder at a time. What is kept of it is written before it takes its place: whoever is cut off in
 * between finds other files than those, and unpacks again. The old folder is put aside first, and put back by the next
 * one where somebody was cut off right then.
 */
export const unpackScript = (inputs: ArchiveInputs, isOurs: boolean): string => `${places(inputs.path)}
${LISTING}
fail() { echo "$1" >&2; exit 1; }
mkdir -p -- "$d" "$s" || exit 1
exec 9>"$k.lock"
flock -n 9 || fail 'it is being unpacked by somebody else at this moment'
unlock() { [ -f "$k" ] || rm -f -- "$k.lock"; }
trap unlock EXIT
if [ ! -e "$p" ] && [ ! -L "$p" ] && [ -d "$w/old" ]; then mv -T -- "$w/old" "$p" || exit 1; fi
if [ -L "$p" ] || { [ -e "$p" ] && [ ! -d "$p" ]; }; then fail 'it is there and is not a folder; it is not replaced'; fi
if [ ${isOurs ? 1 : 0} = 0 ] && [ ! -f "$k" ] && [ -d "$p" ] && [ -n "$(ls -A -- "$p")" ]; then
  fail 'there is a folder already that holdfast did not unpack, and it is not empty; it is not replaced'
fi
rm -rf -- "$w" && mkdir -m 700 -- "$w" || exit 1
trap 'rm -rf -- "$w"; unlock' EXIT
${"url" in inputs.source ? FETCH : RECEIVE}
sum=$(sha256sum < "$w/archive") || exit 1
[ "\${sum%% *}" = ${inputs.checksum} ] || fail "the archive is not the expected one: its SHA-256 is \${sum%% *}"
${unpacking(inputs.format)}
${stripping(inputs.strip)}
${inputs.owner === undefined ? "" : `chown -R -h -- ${word(inputs.owner)} "$r" || exit 1`}
${inputs.group === undefined ? "" : `chgrp -R -h -- ${word(inputs.group)} "$r" || exit 1`}
sync -f -- "$r" || exit 1
( umask 077; listing "$r" > "$k.files" && { echo ${word(stampOf(inputs))}; ${"url" in inputs.source ? `printf '%s\\n' "$url"` : ":"}; } > "$k" ) || exit 1
if [ -d "$p" ]; then mv -T -- "$p" "$w/old" || exit 1; fi
mv -T -- "$r" "$p" || { trap - EXIT; [ ! -d "$w/old" ] || mv -T -- "$w/old" "$p"; exit 1; }
sync -- "$d" 2>/dev/null || :`;

/** What took the folder's place is not ours. */
export const removeScript = (target: string): string => `${places(target)}
if [ -d "$p" ] && [ ! -L "$p" ]; then rm -rf --one-file-system -- "$p" || exit 1; fi
rm -rf -- "$w" && rm -f -- "$k" "$k.files" "$k.lock"`;
