/** Properties of a site of nginx, as they reach the provider. */
import { health } from "./health.ts";
import { path } from "./place.ts";
import {
  either,
  flaw,
  listOf,
  mapOf,
  object,
  optional,
  required,
  text,
  yesOrNo,
  type Flaw,
  type Rule,
  type Shape,
} from "./shape.ts";

/** Of the site's file; not hidden, for nginx would pass over it. */
const siteName = text({
  pattern: /^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$/,
  what: 'a name for the site\'s file: letters, digits, ".", "-" and "_"',
});

/** No regular expressions: what is read as a name can be nothing else. */
const serverName = text({
  pattern:
    /^(_|(\*\.|\.)?[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*(\.\*)?|\[[0-9A-Fa-f:.]+\])$/,
  what: 'a host name such as "app.example.org" or "*.example.org" (IDNs in their xn-- form)',
  most: 253,
});

const LISTEN_WORDS =
  /^(\d{1,5}|\*:\d{1,5}|[A-Za-z0-9._-]+(:\d{1,5})?|\[[0-9A-Fa-f:.]+\](:\d{1,5})?|unix:\/[^\s;{}"'\\$#]+)( (default_server|ssl|http2|quic|proxy_protocol|reuseport|deferred|bind|ipv6only=(on|off)|backlog=\d{1,6}))*$/;
const listen = text({ pattern: LISTEN_WORDS, what: 'what nginx listens on, such as "80" or "[::]:443 ssl"' });

/** Nothing that ends a directive, opens a block, or is a variable. */
const PLAIN = String.raw`[^\s;{}"'\\$#]`;
const upstream = text({
  pattern: new RegExp(
    `^(https?://)?([A-Za-z0-9._-]+|\\[[0-9A-Fa-f:.]+\\])(:\\d{1,5})?(/${PLAIN}*)?$|^(http://)?unix:/${PLAIN}+$`,
  ),
  what: 'an address such as "127.0.0.1:8080" or "http://backend:3000/app/", or "unix:/run/app.sock"',
});

const folder: Rule = (value, isLater) => {
  const flaws = path(value, isLater);
  if (flaws.length > 0) return flaws;
  return /["\\$\n\r]/.test(String(value)) ? flaw("must hold no quotes, backslashes and dollars") : [];
};

const location = text({
  pattern: /^((=|~|~\*|\^~) )?[^\s{};"']+$/,
  what: 'a location such as "/static/", "= /healthz" or "~ \\.php$"',
});

/** nginx judges what it means; a text without line ends at its end is as good. */
const directives = text({ pattern: /\S/, what: "directives of nginx" });

const pem = (kind: string): Rule =>
  text({ pattern: new RegExp(`-----BEGIN [A-Z0-9 ]*${kind}-----`), what: `a text in PEM with a ${kind}` });

const TLS: Shape = {
  certificate: optional(pem("CERTIFICATE")),
  key: optional(pem("PRIVATE KEY")),
  certificateFile: optional(folder),
  keyFile: optional(folder),
  redirect: optional(yesOrNo),
};

const oneOfBoth = (
  given: Readonly<Record<string, unknown>>,
  content: string,
  file: string,
): readonly Flaw[] => {
  const count = [content, file].filter(key => given[key] !== undefined && given[key] !== null).length;
  return count === 1 ? [] : flaw(`must hold ${content} or ${file}`);
};

const tls: Rule = (value, isLater) => {
  const flaws = object(TLS)(value, isLater);
  if (flaws.length > 0) return flaws;
  const given = value as Readonly<Record<string, unknown>>;
  return [...oneOfBoth(given, "certificate", "certificateFile"), ...oneOfBoth(given, "key", "keyFile")];
};

export const NGINX_SITE: Shape = {
  name: required(siteName, "the name of the site's file"),
  serverName: optional(
    either("a host name, or a list of them (no regular expressions)", serverName, listOf(serverName)),
  ),
  listen: optional(listOf(listen)),
  proxyTo: optional(upstream),
  root: optional(folder),
  tls: optional(tls),
  locations: optional(mapOf(location, directives)),
  extra: optional(directives),
  content: optional(directives),
  health: optional(health),
};

const NOT_WITH_CONTENT = ["serverName", "listen", "proxyTo", "root", "locations", "extra"] as const;

/** What must go together, and what cannot. */
export function siteFlaws(given: Readonly<Record<string, unknown>>): readonly Flaw[] {
  const has = (key: string): boolean => given[key] !== undefined && given[key] !== null;
  if (has("content")) {
    const other = NOT_WITH_CONTENT.find(has);
    return other === undefined ? [] : flaw("and content are both given: content is the whole file", other);
  }
  if (!has("serverName")) return flaw("missing: the names that it answers to", "serverName");
  if (has("proxyTo") && has("root"))
    return flaw("and proxyTo are both given; locations can hold the other", "root");
  const [main] = ["proxyTo", "root"].filter(has);
  const { locations } = given;
  if (main !== undefined && typeof locations === "object" && locations !== null && "/" in locations)
    return flaw(`and ${main} both say what / is`, "locations./");
  if (main !== undefined || has("locations") || has("extra")) return [];
  return flaw("missing: give proxyTo, root, locations or content", "proxyTo");
}
