/**
 * Push hooks of Git servers. A hook says "look now" and nothing else: no word of its body is read, so what a forged or
 * repeated one can do is one more fetch (GitHub's signature covers no time, so it can be repeated).
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

export interface Hook {
  /** As Node gives them: names in lower case. */
  readonly headers: IncomingHttpHeaders;
  /** The bytes as they came: a body that was parsed and written again has another signature. */
  readonly body: Buffer;
  /** Shared with the Git server. Without one no hook is accepted. */
  readonly secret: string;
}

export type HookVerdict = { readonly accepted: true } | { readonly accepted: false; readonly why: string };

/** GitHub: HMAC-SHA256 as `sha256=<hex>`; newer Gitea and Forgejo send it too. */
const GITHUB_HEADER = "x-hub-signature-256";
/** Gitea, Forgejo: the bare hex of the same HMAC. */
const GITEA_HEADERS = ["x-gitea-signature", "x-forgejo-signature"];
const HEX_SHA256 = /^[0-9a-f]{64}$/i;

/** Checks the signature of a push hook, in constant time. Every signature that was sent must be right. */
export function verifyHook({ headers, body, secret }: Hook): HookVerdict {
  if (secret === "")
    return refuse("no webhook secret is set: give the daemon and the Git server the same one");
  const signatures = signaturesOf(headers);
  if (signatures.length === 0)
    return refuse(
      `no signature: the Git server must sign its hook (${GITHUB_HEADER} or ${GITEA_HEADERS[0]})`,
    );
  const expected = createHmac("sha256", secret).update(body).digest();
  const good = signatures.every(signature => equals(signature, expected));
  return good ? { accepted: true } : refuse("wrong signature: the Git server has another secret");
}

const refuse = (why: string): HookVerdict => ({ accepted: false, why });

/** One for each signature header that is there; an unreadable one is an empty string, which never matches. */
function signaturesOf(headers: IncomingHttpHeaders): string[] {
  const github = headers[GITHUB_HEADER];
  const found = GITEA_HEADERS.map(name => headers[name]).filter(value => value !== undefined);
  const plain = found.map(value => (typeof value === "string" ? value : ""));
  if (github === undefined) return plain;
  const prefixed = typeof github === "string" && github.startsWith("sha256=");
  return [...plain, prefixed ? github.slice("sha256=".length) : ""];
}

function equals(signature: string, expected: Buffer): boolean {
  // The form is public; only its bytes are compared with something secret.
  return HEX_SHA256.test(signature) && timingSafeEqual(Buffer.from(signature, "hex"), expected);
}
