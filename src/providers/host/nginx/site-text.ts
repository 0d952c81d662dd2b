/** A site as nginx reads it. Pure. */
import type { SiteInputs } from "./inputs.ts";
import { tlsFolder } from "./paths.ts";

export const OWNER_LINE = "# Written by holdfast. What is changed here by hand is put back.";

const STEP = "    ";
const indented = (text: string): readonly string[] =>
  text
    .replace(/^\s*\n|\s+$/g, "")
    .split("\n")
    .map(line => (line.trim() === "" ? "" : `${STEP}${line.trimEnd()}`));

/** Directives of a program, with the program's own indentation taken off. */
function directives(text: string): string {
  const lines = text.replace(/^\s*\n|\s+$/g, "").split("\n");
  const margins = lines.filter(line => line.trim() !== "").map(line => line.length - line.trimStart().length);
  return lines.map(line => line.slice(Math.min(...margins))).join("\n");
}

const block = (head: string, lines: readonly string[]): readonly string[] => [
  `${head} {`,
  ...lines.flatMap(indented),
  "}",
];

/** What the other side needs to know of the one that asks. */
const PROXY_HEADERS = [
  "proxy_http_version 1.1;",
  "proxy_set_header Host $host;",
  "proxy_set_header X-Real-IP $remote_addr;",
  "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;",
  "proxy_set_header X-Forwarded-Proto $scheme;",
];

const upstreamOf = (address: string): string => (/^https?:/.test(address) ? address : `http://${address}`);

function mainOf({ proxyTo, root }: SiteInputs): readonly string[] {
  if (proxyTo !== undefined)
    return block("location /", [`proxy_pass ${upstreamOf(proxyTo)};`, ...PROXY_HEADERS]);
  if (root === undefined) return [];
  return [`root "${root}";`, "index index.html;", ...block("location /", ["try_files $uri $uri/ =404;"])];
}

function tlsLines({ name, tls }: SiteInputs): readonly string[] {
  if (!tls) return [];
  const certificate = tls.certificateFile ?? `${tlsFolder(name)}/certificate.pem`;
  const key = tls.keyFile ?? `${tlsFolder(name)}/key.pem`;
  return [`ssl_certificate "${certificate}";`, `ssl_certificate_key "${key}";`];
}

/** On every address of the host, IPv4 and IPv6. */
const everywhere = (port: number, words = ""): readonly string[] => [
  `${port}${words}`,
  `[::]:${port}${words}`,
];

const listenLines = (listen: readonly string[]): readonly string[] => listen.map(one => `listen ${one};`);

function redirectBlock(inputs: SiteInputs, names: string): readonly string[] {
  if (!inputs.tls?.redirect || inputs.listen) return [];
  return [
    "",
    ...block("server", [...listenLines(everywhere(80)), names, "return 301 https://$host$request_uri;"]),
  ];
}

export function siteText(inputs: SiteInputs): string {
  const { content, listen, tls, locations, extra, serverNames } = inputs;
  if (content !== undefined) return content;
  const names = `server_name ${serverNames.join(" ")};`;
  const ports = listen ?? (tls ? everywhere(443, " ssl") : everywhere(80));
  const server = block("server", [
    ...listenLines(ports),
    names,
    ...tlsLines(inputs),
    ...mainOf(inputs),
    ...locations.flatMap(([key, text]) => block(`location ${key}`, [directives(text)])),
    ...(extra === undefined ? [] : [directives(extra)]),
  ]);
  return `${[OWNER_LINE, ...server, ...redirectBlock(inputs, names)].join("\n")}\n`;
}
