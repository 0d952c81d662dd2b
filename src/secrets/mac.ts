/** SOPS's message authentication code: SHA-512 over the plain values in document order; not over keys and comments. */
import { createHash, timingSafeEqual } from "node:crypto";
import type { Leaf } from "./leaf.ts";

/** sops v3.13 MACOnlyEncryptedInitialization: SHA-256 of the word "sops", so that the two kinds never agree. */
const ONLY_ENCRYPTED_SEED = createHash("sha256").update("sops").digest();

export interface MacBuilder {
  add(leaf: Leaf, encrypted: boolean): void;
  /** Upper-case hex. */
  digest(): string;
}

export function macBuilder(onlyEncrypted: boolean): MacBuilder {
  const hash = createHash("sha512");
  if (onlyEncrypted) hash.update(ONLY_ENCRYPTED_SEED);
  return {
    add(leaf, encrypted) {
      if (leaf.type !== "comment" && (encrypted || !onlyEncrypted)) hash.update(leaf.text, "utf8");
    },
    digest: () => hash.digest("hex").toUpperCase(),
  };
}

export function sameMac(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
