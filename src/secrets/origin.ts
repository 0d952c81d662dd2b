/**
 * Says of a text that it is ours. age does not say who encrypted: everybody who knows a recipient can. So what is brought
 * back from a place where others may write carries a mark that only an identity's holder can make.
 */
import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto";
import type { IdentitySource } from "./identities.ts";

export interface OriginMark {
  /** age1… of the identity that made it. */
  readonly maker: string;
  /** base64url of an HMAC-SHA-256. */
  readonly mac: string;
}

export interface Origin {
  /** Undefined where there is no identity. */
  mark(text: string): Promise<OriginMark | undefined>;
  /** `unknown maker`: made with an identity that we do not have, if what it says is true. */
  judge(text: string, mark: OriginMark): Promise<"ours" | "forged" | "unknown maker">;
}

/** The key of the marks is another one than the identity, and nothing else has it. */
const PURPOSE = "holdfast origin 1";

function macOf(secret: string, text: string): Buffer {
  const key = hkdfSync("sha256", secret, "", PURPOSE, 32);
  return createHmac("sha256", Buffer.from(key)).update(text).digest();
}

export function createOrigin(identities: IdentitySource): Origin {
  return {
    async mark(text) {
      const [first] = (await identities.load()).keys;
      return first && { maker: first.recipient, mac: macOf(first.secret, text).toString("base64url") };
    },
    async judge(text, { maker, mac }) {
      const key = (await identities.load()).keys.find(({ recipient }) => recipient === maker);
      if (!key) return "unknown maker";
      const [said, right] = [Buffer.from(mac, "base64url"), macOf(key.secret, text)];
      return said.length === right.length && timingSafeEqual(said, right) ? "ours" : "forged";
    },
  };
}
