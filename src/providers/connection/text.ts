/** Connections written as one text: `ssh://user@host:port?sudo=true` or `local:FOLDER`. */
import { mapOf, type Plain, type PlainMap } from "../grpc/value.ts";

type Parsed = { readonly ok: true; readonly value: PlainMap } | { readonly ok: false; readonly why: string };

const PARAMETERS: ReadonlySet<string> = new Set(["sudo", "identityFile", "hostKey", "knownHostsFile"]);
const FORM = "write ssh://user@host, ssh://user@host:port or local:FOLDER";

export function parseConnectionText(text: string): Parsed {
  if (text.startsWith("local:")) return { ok: true, value: { local: true, root: text.slice(6) || "/" } };
  if (!text.startsWith("ssh://")) return { ok: false, why: `cannot be read; ${FORM}` };
  if (!URL.canParse(text)) return { ok: false, why: `is not a valid URL; ${FORM}` };
  return parseUrl(new URL(text));
}

function parseUrl(url: URL): Parsed {
  if (url.password !== "")
    return { ok: false, why: "holds a password: use a key (identityFile or privateKey)" };
  if (url.pathname !== "" && url.pathname !== "/")
    return { ok: false, why: `has a path (${url.pathname}) after the host; ${FORM}` };
  if (url.hash !== "") return { ok: false, why: `has a fragment; ${FORM}` };
  const stranger = [...url.searchParams.keys()].find(key => !PARAMETERS.has(key));
  if (stranger !== undefined)
    return { ok: false, why: `has the parameter ${stranger}; known are ${[...PARAMETERS].join(", ")}` };
  const sudo = url.searchParams.get("sudo");
  if (sudo !== null && sudo !== "true" && sudo !== "false")
    return { ok: false, why: "sudo must be true or false" };
  return { ok: true, value: fieldsOf(url, sudo === "true") };
}

function fieldsOf(url: URL, sudo: boolean): PlainMap {
  const fields: [string, Plain][] = [["host", url.hostname.replace(/^\[|\]$/g, "")]];
  if (url.port !== "") fields.push(["port", Number(url.port)]);
  if (url.username !== "") fields.push(["user", decodeURIComponent(url.username)]);
  for (const key of ["identityFile", "hostKey", "knownHostsFile"]) {
    const value = url.searchParams.get(key);
    if (value !== null) fields.push([key, value]);
  }
  if (sudo) fields.push(["sudo", true]);
  return mapOf(fields);
}
