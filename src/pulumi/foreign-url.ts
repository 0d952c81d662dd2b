/** Addresses of Pulumi's own backends, which state comes from and goes to. Pure. */
import path from "node:path";

/** Those of the CLI without Pulumi Cloud (pkg/backend/diy of 3.259.0). */
const SCHEMES = ["file", "s3", "gs", "azblob", "postgres"];
const SCHEME = /^([a-z][a-z0-9+.-]*):\/\//i;

export interface BackendUrl {
  /** As the CLI takes it, in any working folder. */
  readonly url: string;
  /** For people and logs: without a password. */
  readonly shown: string;
}

export type ParsedBackend =
  | { readonly ok: true; readonly value: BackendUrl }
  | { readonly ok: false; readonly message: string; readonly hint: string };

/** Whether a text is meant as an address, not as a file. */
export const isBackendUrl = (text: string): boolean => SCHEME.test(text);

/** The CLI resolves a path against its working folder, which is not the person's. */
function absolute(text: string, cwd: string): string {
  const [, where = "", query = ""] = /^file:\/\/([^?]*)(\?.*)?$/i.exec(text) ?? [];
  if (where.startsWith("~")) return `file://${where}${query}`;
  return `file://${path.resolve(cwd, where)}${query}`;
}

/** What may be a secret: a login's password, and the same as a parameter (libpq takes both). */
function withoutPassword(text: string): string {
  return text
    .replace(/^([a-z]+:\/\/[^/?#@:]*):[^@/]*@/i, "$1:…@")
    .replace(/([?&](?:password|sslpassword|passfile)=)[^&]*/gi, "$1…");
}

export function parseBackendUrl(text: string, cwd: string): ParsedBackend {
  const scheme = SCHEME.exec(text)?.[1]?.toLowerCase() ?? "";
  const shown = withoutPassword(text);
  if (scheme === "http" || scheme === "https")
    return {
      ok: false,
      message: `${shown} is a service, not a backend that the plain CLI reads by itself`,
      hint: "there: `pulumi stack export --show-secrets --file FILE`, and import that file",
    };
  if (!SCHEMES.includes(scheme))
    return {
      ok: false,
      message: `${shown}: no Pulumi backend is named ${scheme}`,
      hint: `known: ${SCHEMES.map(one => `${one}://`).join(", ")}`,
    };
  return { ok: true, value: { url: scheme === "file" ? absolute(text, cwd) : text, shown } };
}
