/**
 * age, as far as holdfast needs it: what must be read again by whoever has the age key (data keys, backups) is encrypted
 * for recipients (age1…) and opened with the identities that are found at that moment. The format is that of the `age`
 * tool, binary, one file with a stanza for each recipient.
 */
import type { Result } from "../failure.ts";

/** The identities that are there now; their secret halves never leave the room that reads them. */
export interface OwnIdentities {
  /** age1…, without repeats. */
  readonly recipients: readonly string[];
  /** Every place that was looked at, for messages. */
  readonly looked: readonly string[];
  /** Places that hold something unusable, and why. */
  readonly problems: readonly string[];
}

export interface Sealer {
  /** Failures: config-invalid, where a text is no age recipient, or none is given. */
  seal(recipients: readonly string[], plaintext: Uint8Array): Promise<Result<Uint8Array>>;
  /** The same for what does not fit in memory. */
  sealStream(
    recipients: readonly string[],
    plaintext: ReadableStream<Uint8Array>,
  ): Promise<Result<ReadableStream<Uint8Array>>>;
  /** Undefined where none of our identities opens it, or it was damaged. */
  open(sealed: Uint8Array): Promise<Uint8Array | undefined>;
  /**
   * Undefined where none of our identities opens it, or its header is damaged. Damage further on errors the stream
   * before a changed byte is given out; a cut file errors at its end: nothing of it counts before the end was seen.
   */
  openStream(sealed: ReadableStream<Uint8Array>): Promise<ReadableStream<Uint8Array> | undefined>;
  /** Reads the identities again: a key may have been put there since. */
  own(): Promise<OwnIdentities>;
}
