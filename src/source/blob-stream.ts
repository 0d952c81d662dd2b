/** `git cat-file --batch`, taken apart as it comes: file contents by the raw bytes, no attribute or filter sees them. */
import { broken, ended, type Git } from "./git.ts";
import type { TreeEntry } from "./tree-entry.ts";

/** Gets the blobs in the order of the entries. */
export interface BlobSink {
  begin(entry: TreeEntry): void;
  data(chunk: Buffer): void;
  end(entry: TreeEntry): void;
}

export interface BlobStream {
  /** Runs git and feeds the sink. Answers what is wrong with the objects, if anything. What the sink throws is thrown. */
  read(git: Git): Promise<string | undefined>;
}

/** Standard output is consumed as it comes; only as much of either stream is kept as an error message takes. */
const KEPT_OUTPUT = 4096;
/** `<object> blob <size>` is far shorter. */
const MAX_HEADER = 200;

export function parseBatch(entries: readonly TreeEntry[], sink: BlobSink): BlobStream {
  let index = 0;
  let header = "";
  /** Bytes of the current blob still to come, its closing newline included; 0 between blobs. */
  let open = 0;
  let problem: string | undefined;

  function take(chunk: Buffer): void {
    let rest = chunk;
    while (rest.length > 0 && problem === undefined) rest = open === 0 ? readHeader(rest) : readBlob(rest);
  }

  function readHeader(bytes: Buffer): Buffer {
    const end = bytes.indexOf(0x0a);
    header += bytes.toString("latin1", 0, end === -1 ? bytes.length : end);
    if (end === -1 && header.length <= MAX_HEADER) return bytes.subarray(bytes.length);
    const entry = entries[index];
    // The sizes were judged when the tree was listed; a blob of another size is not what was judged.
    if (!entry || header !== `${entry.object} blob ${entry.size}`) {
      problem = `git cat-file said "${header}"`;
      return bytes;
    }
    header = "";
    open = entry.size + 1;
    sink.begin(entry);
    return bytes.subarray(end + 1);
  }

  function readBlob(bytes: Buffer): Buffer {
    const entry = entries[index];
    const content = bytes.subarray(0, open - 1);
    if (content.length > 0) sink.data(content);
    const used = Math.min(bytes.length, open);
    open -= used;
    if (open === 0 && entry) {
      sink.end(entry);
      index++;
    }
    return bytes.subarray(used);
  }

  return {
    async read(git) {
      const stop = new AbortController();
      let thrown: Error | undefined;
      const onOutput = (stream: "stdout" | "stderr", chunk: Buffer): void => {
        if (stream === "stderr" || stop.signal.aborted) return;
        try {
          take(chunk);
        } catch (error) {
          // An event handler has no caller that could catch it: stop git, and throw from here.
          thrown = error instanceof Error ? error : new Error(String(error));
        }
        if (thrown !== undefined || problem !== undefined) stop.abort();
      };
      const input = entries.map(entry => `${entry.object}\n`).join("");
      const options = { input, onOutput, signal: stop.signal, maxOutput: KEPT_OUTPUT };
      const result = await git(["cat-file", "--batch", "--buffer"], options);
      if (thrown !== undefined) throw thrown;
      if (problem !== undefined) return problem;
      if (!ended(result)) throw broken("cat-file", result);
      return index === entries.length ? undefined : `git cat-file ended early: ${result.stderr.toString()}`;
    },
  };
}
