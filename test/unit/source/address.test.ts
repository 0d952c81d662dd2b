import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAddress } from "../../../src/source/address.ts";

const read = (text: string): unknown => {
  const parsed = parseAddress(text, "/work");
  return parsed.ok ? parsed.address : parsed.why;
};

const accepted: Record<string, object> = {
  "https://git.example.org/a/b.git": {
    protocol: "https",
    remote: "https://git.example.org/a/b.git",
    host: "git.example.org",
  },
  "HTTPS://Git.Example.org:8443/a": {
    protocol: "https",
    remote: "https://git.example.org:8443/a",
    host: "git.example.org:8443",
  },
  "https://bob:p%40ss@git.example.org/a": {
    protocol: "https",
    remote: "https://git.example.org/a",
    host: "git.example.org",
    login: { username: "bob", password: "p@ss" },
  },
  "ssh://git@git.example.org:2222/a/b.git": {
    protocol: "ssh",
    remote: "ssh://git@git.example.org:2222/a/b.git",
    host: "git.example.org:2222",
  },
  "git@git.example.org:a/b.git": {
    protocol: "ssh",
    remote: "git@git.example.org:a/b.git",
    host: "git.example.org",
  },
  "file:///srv/a%20b.git": { protocol: "file", remote: "/srv/a b.git" },
  "/srv/a.git": { protocol: "file", remote: "/srv/a.git" },
  "./a:b": { protocol: "file", remote: "/work/a:b" },
  "estate.git": { protocol: "file", remote: "/work/estate.git" },
};
for (const [text, address] of Object.entries(accepted))
  test(`the address ${text} is understood`, () => assert.deepEqual(read(text), address));

const refused = [
  "",
  "-u/bin/sh",
  "--upload-pack=touch /tmp/x",
  "ext::sh -c touch% /tmp/x",
  "fd::17",
  "http://git.example.org/a",
  "git://git.example.org/a",
  "ftp://git.example.org/a",
  "https://git.example.org/",
  "https://git.example.org/a?token=hunter2",
  "https://git.example.org/a#x",
  "ssh://-oProxyCommand=touch/a",
  "ssh://-oProxyCommand@git.example.org/a",
  "ssh://git:hunter2@git.example.org/a",
  "ssh://git.example.org/-a",
  "-oProxyCommand=touch:a",
  "git@-oProxyCommand=touch:a",
  "git@git.example.org:-a",
  "git@git.example.org::a",
  "file://elsewhere/srv/a.git",
  "file:///srv/a%2fb",
  "https://git.example.org/a\nb",
];
for (const text of refused)
  test(`the address ${JSON.stringify(text)} is refused without being repeated`, () => {
    const why = read(text);
    assert.equal(typeof why, "string");
    assert.ok(!String(why).includes("hunter2"));
  });
