/**
 * What runs on the host for as long as a shell is kept: a loop that reads scripts and their input by length, so that
 * nothing is ever quoted into anything, and answers with a mark that only the asker knows.
 */

/**
 * Each request is one line `MARK SCRIPT_BYTES BODY_BYTES`, then the script, then the body, which is the script's
 * standard input. After it the loop writes `\nMARK CODE\n` to stdout and `\nMARK\n` to stderr. `head -c` never reads
 * past what it is asked for, and the drain after the script keeps the two sides in step where a script leaves its
 * input unread. No single quotes in here: it travels between single quotes. Debian gives logins other than root's no sbin.
 */
export const LOOP = [
  "LC_ALL=C PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin; export LC_ALL PATH; umask 022",
  "while read -r mark slen blen; do",
  'script=$(head -c "$slen")',
  'if [ "$blen" -gt 0 ]; then',
  'head -c "$blen" | ( (eval "$script"); code=$?; cat >/dev/null; exit "$code" )',
  'else (eval "$script") </dev/null',
  "fi",
  "code=$?",
  'printf "\\n%s %s\\n" "$mark" "$code"',
  'printf "\\n%s\\n" "$mark" >&2',
  "done",
].join("\n");

/** One word for a POSIX shell, whatever is in it but NUL. */
export const word = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

export interface Frame {
  readonly mark: string;
  readonly script: string;
  readonly body: Buffer;
}

export function encodeFrame({ mark, script, body }: Frame): Buffer {
  const bytes = Buffer.from(script, "utf8");
  return Buffer.concat([Buffer.from(`${mark} ${bytes.length} ${body.length}\n`), bytes, body]);
}

export interface FrameReader {
  /** Takes in what came; false where more came than may. */
  push(chunk: Buffer): boolean;
  /** What came before the mark, and the text after it on its line; undefined: it has not come yet. */
  taken(): { readonly bytes: Buffer; readonly rest: string } | undefined;
}

/** Collects one stream up to its mark. */
export function createFrameReader(mark: string, maxBytes: number): FrameReader {
  const needle = Buffer.from(`\n${mark}`);
  const chunks: Buffer[] = [];
  let size = 0;
  let tail = Buffer.alloc(0);
  let complete = false;
  return {
    push(chunk) {
      chunks.push(chunk);
      size += chunk.length;
      // Only the end can hold the mark: the host says nothing after it before it is asked again.
      tail = Buffer.concat([tail, chunk]).subarray(-(needle.length + 16));
      complete = tail.includes(needle) && tail.at(-1) === 0x0a;
      return size <= maxBytes + needle.length + 16;
    },
    taken() {
      if (!complete) return undefined;
      const all = Buffer.concat(chunks);
      const at = all.lastIndexOf(needle);
      return {
        bytes: all.subarray(0, at),
        rest: all
          .subarray(at + needle.length)
          .toString("utf8")
          .trim(),
      };
    },
  };
}
