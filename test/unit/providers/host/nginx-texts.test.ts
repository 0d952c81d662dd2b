/** What is written for a site of nginx, and what is refused because nginx would read something else in it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { PlainMap } from "../../../../src/providers/grpc/value.ts";
import { parseSite } from "../../../../src/providers/host/nginx/inputs.ts";
import { siteText } from "../../../../src/providers/host/nginx/site-text.ts";
import { NGINX_SITE, siteFlaws } from "../../../../src/sdk/shapes/nginx-site.ts";
import { flawsOf } from "../../../../src/sdk/shapes/shape.ts";

const text = (properties: PlainMap): string => siteText(parseSite(properties));
const flaws = (properties: Record<string, unknown>): readonly string[] =>
  [...flawsOf(NGINX_SITE, { name: "app", ...properties }, () => false), ...siteFlaws(properties)].map(
    ({ at, reason }) => `${at}: ${reason}`,
  );

test("a site that passes requests on", () => {
  assert.equal(
    text({ name: "app", serverName: "app.example.org", proxyTo: "127.0.0.1:8080" }),
    `# Written by holdfast. What is changed here by hand is put back.
server {
    listen 80;
    listen [::]:80;
    server_name app.example.org;
    location / {
        proxy_pass http://127.0.0.1:8080;
        proxy_http_version 1.1;
        proxy_set_header Host $host;
        proxy_set_header X-Real-IP $remote_addr;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_set_header X-Forwarded-Proto $scheme;
    }
}
`,
  );
});

test("a site of files with tls, locations and more, and port 80 that leads to it", () => {
  const tls = { certificate: "…", keyFile: "/etc/ssl/app.key" };
  const locations = {
    "= /healthz": "return 200;",
    "~ \\.php$": "\n    if ($x) {\n        return 404;\n    }\n    fastcgi_pass unix:/run/php.sock;\n  ",
  };
  assert.equal(
    text({
      name: "app",
      serverName: ["a.org", "*.a.org"],
      root: "/srv/my site",
      tls,
      locations,
      extra: "gzip on;",
    }),
    `# Written by holdfast. What is changed here by hand is put back.
server {
    listen 443 ssl;
    listen [::]:443 ssl;
    server_name a.org *.a.org;
    ssl_certificate "/etc/holdfast/nginx/app/certificate.pem";
    ssl_certificate_key "/etc/ssl/app.key";
    root "/srv/my site";
    index index.html;
    location / {
        try_files $uri $uri/ =404;
    }
    location = /healthz {
        return 200;
    }
    location ~ \\.php$ {
        if ($x) {
            return 404;
        }
        fastcgi_pass unix:/run/php.sock;
    }
    gzip on;
}

server {
    listen 80;
    listen [::]:80;
    server_name a.org *.a.org;
    return 301 https://$host$request_uri;
}
`,
  );
});

test("where it listens is as given, and then nothing leads to it", () => {
  const site = { name: "a", serverName: "_", root: "/srv", tls: { certificateFile: "/c", keyFile: "/k" } };
  const own = text({ ...site, listen: ["127.0.0.1:8443 ssl http2"] });
  assert.match(own, /^ {4}listen 127\.0\.0\.1:8443 ssl http2;$/m);
  assert.doesNotMatch(own, /301|listen 80/);
  assert.doesNotMatch(text({ ...site, tls: { ...site.tls, redirect: false } }), /301/);
});

test("content of one's own is written as it is", () =>
  assert.equal(text({ name: "app", content: "server { }" }), "server { }"));

for (const name of [
  "app.example.org",
  "*.example.org",
  ".example.org",
  "www.example.*",
  "_",
  "localhost",
  "xn--bcher-kva.example",
  "10.0.0.1",
  "[::1]",
])
  test(`a server name: ${name}`, () => assert.deepEqual(flaws({ serverName: name, root: "/srv" }), []));

for (const name of [
  "",
  "a b",
  "a;b",
  "a; return 200 x",
  "a{",
  "a}",
  "a\nb",
  "a\r",
  "~^.*$",
  '"a"',
  "a'b",
  "$host",
  "a#b",
  "a\\b",
  "bücher.example",
  "-a.org",
  "a..org",
  "a".repeat(300),
  7,
  ["a.org", "b;c"],
])
  test(`no server name: ${JSON.stringify(name).slice(0, 40)}`, () =>
    assert.match(flaws({ serverName: name, root: "/srv" }).join(), /^serverName: must be a host name/));

for (const [what, properties, wanted] of [
  ["a directive after an address", { proxyTo: "127.0.0.1:80; return 200" }, /^proxyTo: must be an address/],
  ["a variable as an address", { proxyTo: "http://$host/" }, /^proxyTo: must be an address/],
  ["a block after an address", { proxyTo: "http://a/}" }, /^proxyTo: must be an address/],
  ["a quote in a folder", { root: '/srv/"x' }, /^root: must hold no quotes/],
  ["a variable in a folder", { root: "/srv/$host" }, /^root: must hold no quotes/],
  ["a relative folder", { root: "srv" }, /^root: must be absolute/],
  ["a directive in listen", { root: "/srv", listen: ["80; root /"] }, /^listen\[0\]: must be what nginx/],
  ["a block in a location", { locations: { "/ { }": "x;" } }, /^locations\..*: must be a location/],
  ["tls without a key", { root: "/", tls: { certificateFile: "/c" } }, /tls: must hold key or keyFile/],
  [
    "a key that is none",
    { root: "/srv", tls: { certificateFile: "/c", key: "x" } },
    /^tls\.key: must be a text in PEM/,
  ],
  ["nothing to serve", {}, /^proxyTo: missing/],
  ["two things to serve", { root: "/srv", proxyTo: "a:1" }, /^root: and proxyTo are both given/],
  ["two things at /", { root: "/srv", locations: { "/": "x;" } }, /^locations\.\/: and root both say/],
  ["content and more", { content: "server { }" }, /^serverName: and content are both given/],
  ["a hidden file", { root: "/srv", name: ".app" }, /^name: must be a name/],
  ["a file elsewhere", { root: "/srv", name: "../nginx.conf" }, /^name: must be a name/],
  ["health without a check", { root: "/srv", health: { within: 3 } }, /^health: must say a url or a command/],
] as const)
  test(`refused: ${what}`, () =>
    assert.match(flaws({ serverName: "a.org", ...properties }).join("\n"), wanted));
