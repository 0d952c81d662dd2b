/** Tokens: 256 random bits, kept only as their hash. */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { StateStore } from "../engine/ports/state-store.ts";

const TOKEN_BYTES = 32;

export const hashToken = (token: string): Buffer => createHash("sha256").update(token).digest();

/** The prefix says what a leaked token is. */
export function newToken(prefix: "hfr" | "hfu" | "hfp"): { readonly token: string; readonly hash: Buffer } {
  const token = `${prefix}_${randomBytes(TOKEN_BYTES).toString("base64url")}`;
  return { token, hash: hashToken(token) };
}

export const sameHash = (one: Uint8Array, other: Uint8Array): boolean =>
  one.length === other.length && timingSafeEqual(one, other);

/** People's access, for the `holdfast token` commands. */
export interface PeopleTokens {
  /** The token itself is shown here and never again; undefined where the name is taken. */
  create(name: string): Promise<string | undefined>;
  list(): Promise<readonly { readonly name: string; readonly createdAt: number; readonly usedAt?: number }[]>;
  revoke(name: string): Promise<boolean>;
}

export function createPeopleTokens(store: StateStore, now: () => number): PeopleTokens {
  return {
    create: async name => {
      const { token, hash } = newToken("hfp");
      return (await store.createToken({ name, tokenHash: hash, at: now() })) ? token : undefined;
    },
    list: async () =>
      (await store.tokens()).map(({ name, createdAt, usedAt }) => ({
        name,
        createdAt,
        ...(usedAt && { usedAt }),
      })),
    revoke: name => store.revokeToken(name),
  };
}
