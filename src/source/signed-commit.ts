/** A commit object taken apart into what was signed and the signature, by its raw bytes. */
import { createHash } from "node:crypto";
import { cleanLine } from "./untrusted-text.ts";

export type SignatureKind = "ssh" | "gpg";

export interface SignedCommit {
  readonly kind: SignatureKind;
  /** The armoured signature. */
  readonly signature: Buffer;
  /** The bytes that were signed: the object without its signature. */
  readonly payload: Buffer;
}

/** `why` has no place and no full stop: it goes behind the commit's name. */
export type CommitSignature = SignedCommit | { readonly why: string };

/** Both forms: a repository that is being converted carries one for each of its object formats. */
const SIGNATURE_HEADERS = { sha1: "gpgsig", sha256: "gpgsig-sha256" } as const;
/** What git writes, in its order. Parents that stood behind a signature would be signed, and no parents to git. */
const ORDER = /^tree [0-9a-f]{40,64}\n(?:parent [0-9a-f]{40,64}\n)*author [^\n]*\ncommitter [^\n]*\n/;
const FORMS: readonly (readonly [string, SignatureKind])[] = [
  ["-----BEGIN SSH SIGNATURE-----", "ssh"],
  ["-----BEGIN PGP SIGNATURE-----", "gpg"],
];

/** Whether these bytes are the commit of that name: what is verified is what is checked out. */
export function isCommit(sha: string, raw: Buffer): boolean {
  const hash = createHash(sha.length > 40 ? "sha256" : "sha1");
  return hash.update(`commit ${raw.length}\0`).update(raw).digest("hex") === sha;
}

interface Header {
  readonly name: string;
  /** With the continuation lines, and the newline at the end. */
  readonly start: number;
  readonly end: number;
}

/** Headers up to the empty line; a line that begins with a space goes on with the one before. */
function headersOf(text: string): readonly Header[] {
  const headers: Header[] = [];
  for (let start = 0; start < text.length && text[start] !== "\n";) {
    let end = text.indexOf("\n", start) + 1 || text.length;
    while (text[end] === " ") end = text.indexOf("\n", end) + 1 || text.length;
    headers.push({ name: text.slice(start, end).split(/[ \n]/, 1)[0] ?? "", start, end });
    start = end;
  }
  return headers;
}

/** The header's value, as it was before each line feed was followed by a space. */
const valueOf = (text: string, { name, start, end }: Header): string =>
  text.slice(start + name.length + 1, end).replaceAll("\n ", "\n");

function without(text: string, headers: readonly Header[]): Buffer {
  let at = 0;
  let rest = "";
  for (const { start, end } of headers) {
    rest += text.slice(at, start);
    at = end;
  }
  return Buffer.from(rest + text.slice(at), "latin1");
}

/** Finds the signature that git would look at for an object of this name's length. */
export function takeSignature(sha: string, raw: Buffer): CommitSignature {
  const text = raw.toString("latin1");
  const headers = headersOf(text);
  const wanted = sha.length > 40 ? SIGNATURE_HEADERS.sha256 : SIGNATURE_HEADERS.sha1;
  const [found, second] = headers.filter(({ name }) => name === wanted);
  if (!found) return { why: "it is not signed" };
  if (second) return { why: "it has more than one signature" };
  if (!ORDER.test(text) || found.start < (ORDER.exec(text)?.[0].length ?? 0))
    return { why: "it is not written as git writes commits" };
  const signature = valueOf(text, found);
  const kind = FORMS.find(([begin]) => signature.startsWith(begin))?.[1];
  if (!kind) return { why: "its signature is neither of GPG nor of SSH" };
  const all: readonly string[] = Object.values(SIGNATURE_HEADERS);
  const payload = without(
    text,
    headers.filter(({ name }) => all.includes(name)),
  );
  return { kind, signature: Buffer.from(signature, "latin1"), payload };
}

export interface CommitWords {
  readonly author: string;
  readonly subject: string;
}

/** Author with e-mail, and subject, for messages: anybody could have written them. */
export function wordsOf(raw: Buffer): CommitWords {
  const text = raw.toString();
  const author = /^author (.*?>)/m.exec(text)?.[1] ?? "somebody";
  const body = text.split("\n\n", 2)[1] ?? "";
  return { author: cleanLine(author, 80), subject: cleanLine(body.split("\n", 1)[0] ?? "", 80) };
}
