/** What the operator wrote as the repository, checked and taken apart: an allow list, not a block list. */
import path from "node:path";
import { fileURLToPath } from "node:url";

/** User name and password or token, as they go to one server. */
export interface Login {
  readonly username: string;
  readonly password: string;
}

export interface Address {
  readonly protocol: "https" | "ssh" | "file";
  /** What git gets as its argument, and what may be shown: never holds a password. */
  readonly remote: string;
  /** Host name in lower case, with its port where one is given; undefined for files. */
  readonly host?: string;
  /** A login that stood in the URL. */
  readonly login?: Login;
}

/** `why` never repeats the address, which may hold a password. */
export type ParsedAddress =
  { readonly ok: true; readonly address: Address } | { readonly ok: false; readonly why: string };

const KINDS = "give https://…, ssh://…, git@host:path, file://… or a path";
// Two characters at least before the colon would be a Windows drive otherwise; `::` starts a remote helper.
const SCP_LIKE = /^(?:([A-Za-z0-9._][A-Za-z0-9._-]*)@)?([A-Za-z0-9][A-Za-z0-9.-]+):(?!:)([^-].*)$/;
const SCHEME = /^[A-Za-z][A-Za-z0-9+.-]*:\/\//;
const HOST = /^[A-Za-z0-9][A-Za-z0-9.-]*$|^\[[0-9A-Fa-f:.]+\]$/;
const USER = /^[A-Za-z0-9._][A-Za-z0-9._@+-]*$/;
// oxlint-disable-next-line no-control-regex -- refusing them is the point
const CONTROL = /[\u0000-\u001f\u007f]/;

const refuse = (why: string): ParsedAddress => ({ ok: false, why: `${why}; ${KINDS}` });

/** Reads a repository address. A relative path counts from `cwd`. */
export function parseAddress(text: string, cwd: string): ParsedAddress {
  if (text === "") return refuse("the repository's address is empty");
  if (text.startsWith("-")) return refuse("a repository's address does not begin with a dash");
  if (CONTROL.test(text)) return refuse("a control character stands in the repository's address");
  if (SCHEME.test(text)) return parseUrl(text);
  const scp = SCP_LIKE.exec(text);
  // As git reads it: a slash before the first colon makes it a path.
  if (scp?.[2]) return { ok: true, address: { protocol: "ssh", remote: text, host: scp[2].toLowerCase() } };
  if (/^[^/]*:/.test(text)) return refuse("this kind of address is not allowed");
  return { ok: true, address: { protocol: "file", remote: path.resolve(cwd, text) } };
}

function parseUrl(text: string): ParsedAddress {
  const url = URL.parse(text);
  if (!url) return refuse("the repository's address is no valid URL");
  if (url.search !== "" || url.hash !== "") return refuse("a query or fragment has no meaning in a Git URL");
  if (url.protocol === "file:") return parseFile(url);
  if (url.protocol !== "https:" && url.protocol !== "ssh:")
    return refuse(`${url.protocol.slice(0, -1)} is not allowed`);
  if (!HOST.test(url.hostname)) return refuse("the host name in the repository's address is not valid");
  if (url.pathname.replace(/^\/+/, "") === "" || url.pathname.startsWith("/-"))
    return refuse("the repository's address has no valid path");
  return url.protocol === "https:" ? parseHttps(url) : parseSsh(url);
}

function parseFile(url: URL): ParsedAddress {
  if (url.hostname !== "") return refuse("a file URL has no host");
  try {
    return { ok: true, address: { protocol: "file", remote: fileURLToPath(url) } };
  } catch {
    // An encoded slash, and nothing else on the systems that we run on.
    return refuse("the path in the file URL is not valid");
  }
}

function parseHttps(url: URL): ParsedAddress {
  const login = loginOf(url);
  const base = { protocol: "https", remote: `https://${url.host}${url.pathname}`, host: url.host } as const;
  return { ok: true, address: login ? { ...base, login } : base };
}

/** The login leaves the URL here, so that no argument, log or error can show it. */
function loginOf(url: URL): Login | undefined {
  if (url.username === "" && url.password === "") return undefined;
  return { username: decode(url.username), password: decode(url.password) };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function parseSsh(url: URL): ParsedAddress {
  if (url.password !== "") return refuse("ssh takes no password from a URL (use a key)");
  const user = decode(url.username);
  if (user !== "" && !USER.test(user)) return refuse("the user name in the ssh URL is not valid");
  const remote = `ssh://${user === "" ? "" : `${user}@`}${url.host}${url.pathname}`;
  return { ok: true, address: { protocol: "ssh", remote, host: url.host.toLowerCase() } };
}
