/** Who asks: the Authorization header to a principal. */
import type { Clock } from "../../engine/ports/clock.ts";
import type { StateStore, StoredToken } from "../../engine/ports/state-store.ts";
import type { Principal } from "../context.ts";
import { hashToken, sameHash } from "../tokens.ts";

/** How often the last use of a person's token is written down. */
const USE_GRAIN_MS = 60_000;

async function noteUse(store: StateStore, token: StoredToken, now: number): Promise<void> {
  if (now - (token.usedAt ?? 0) > USE_GRAIN_MS) await store.tokenUsed(token.name, now);
}

/** Undefined where the token is missing, unknown, or was ended. */
export async function authenticate(
  store: StateStore,
  clock: Clock,
  header: string | undefined,
): Promise<Principal | undefined> {
  const [scheme, token] = (header ?? "").split(" ");
  if (!token) return undefined;
  if (scheme === "update-token") return { kind: "update", token };
  if (scheme !== "token") return undefined;
  const hash = hashToken(token);
  const run = await store.runByToken(hash);
  if (run && sameHash(run.tokenHash, hash)) return { kind: "run", run };
  const person = await store.tokenByHash(hash);
  if (!person || !sameHash(person.tokenHash, hash)) return undefined;
  await noteUse(store, person, clock.now());
  return { kind: "person", name: person.name };
}
