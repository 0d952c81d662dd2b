/** What a program writes: a bounded part is kept, and each piece is handed on once. */

/** 64 KiB from the start (where the cause is) and 192 KiB from the end (where it stopped): enough to read, too little to matter for a process that serves many. */
const KEEP_HEAD = 64 * 1024;
const KEEP_TAIL = 192 * 1024;

export interface CapturedOutput {
  push(chunk: Buffer): void;
  text(): string;
}

/** Keeps the first 64 KiB and the last 192 KiB; says how much is left out in between. */
export function captureOutput(): CapturedOutput {
  const head: Buffer[] = [];
  let headSize = 0;
  let tail: Buffer[] = [];
  let tailSize = 0;
  let dropped = 0;
  const trimTail = (): void => {
    const kept = Buffer.concat(tail).subarray(-KEEP_TAIL);
    dropped += tailSize - kept.length;
    // A copy: a view would keep the whole of what was joined alive.
    tail = [Buffer.from(kept)];
    tailSize = kept.length;
  };
  return {
    push(chunk) {
      const first = chunk.subarray(0, KEEP_HEAD - headSize);
      if (first.length > 0) {
        head.push(first);
        headSize += first.length;
      }
      const rest = chunk.subarray(first.length);
      if (rest.length === 0) return;
      tail.push(rest);
      tailSize += rest.length;
      if (tailSize > 2 * KEEP_TAIL) trimTail();
    },
    text() {
      if (tailSize > KEEP_TAIL) trimTail();
      const gap = dropped > 0 ? `\n… ${dropped} bytes left out …\n` : "";
      return Buffer.concat(head).toString() + gap + Buffer.concat(tail).toString();
    },
  };
}
