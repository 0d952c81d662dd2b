/** Repositories' files as apt reads them: what is written is read back, and what cannot be said is not guessed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { PlainMap } from "../../../../../src/providers/grpc/value.ts";
import { readSources, writeSources } from "../../../../../src/providers/host/packages/deb822.ts";

const KEY = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmDMEZ\n=abcd\n-----END PGP PUBLIC KEY BLOCK-----";

test("a repository is written in one paragraph, its key in it", () => {
  const text = writeSources({
    name: "example",
    uris: ["https://deb.example.org/debian"],
    suites: ["bookworm", "bookworm-updates"],
    components: ["main", "contrib"],
    architectures: ["amd64"],
    signedBy: `${KEY}\n`,
  });
  assert.equal(
    text,
    `Types: deb
URIs: https://deb.example.org/debian
Suites: bookworm bookworm-updates
Components: main contrib
Architectures: amd64
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mDMEZ
 =abcd
 -----END PGP PUBLIC KEY BLOCK-----
`,
  );
});

test("what is written is read back", () => {
  const all: readonly PlainMap[] = [
    { uris: ["file:/srv/r"], suites: ["./"], trusted: true },
    { uris: ["https://a", "https://b"], suites: ["s"], components: ["main"], signedBy: KEY },
    { types: ["deb", "deb-src"], uris: ["https://a"], suites: ["s"], components: ["c"], signedBy: "/k.gpg" },
  ];
  for (const properties of all) assert.deepEqual(readSources(writeSources(properties)), properties);
});

test("names of fields in any case, remarks and lines that go on are understood", () => {
  const text =
    "# a remark\ntypes: deb\nURIS: https://a\n# another\nSuites: one\n two\n\tthree\nComponents:\n main\n\n";
  assert.deepEqual(readSources(text), {
    uris: ["https://a"],
    suites: ["one", "two", "three"],
    components: ["main"],
  });
});

test("what the properties cannot say is said to be that", () => {
  for (const text of [
    "",
    "# nothing\n",
    "Types: deb\nURIs: file:/a\nSuites: ./\n\nTypes: deb\nURIs: file:/b\nSuites: ./\n",
    "Types: deb\nURIs: file:/a\nSuites: ./\nEnabled: no\n",
    "deb http://deb.example.org/debian bookworm main\n",
  ])
    assert.equal(readSources(text), undefined, text);
});
