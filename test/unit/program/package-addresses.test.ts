/** Where packages may come from: what a lockfile, a manifest or an .npmrc of the repository names is held against the operator's registries. */
import assert from "node:assert/strict";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test, type TestContext } from "node:test";
import type { StackDefinition } from "../../../src/engine/ports/stack.ts";
import { createInstaller } from "../../../src/program/installer.ts";
import { addressesInLines, refuseAddress } from "../../../src/program/package-addresses.ts";
import { createRegistries } from "../../../src/program/registries.ts";
import { tempFolder } from "../../support/git.ts";

const OWN = "https://registry.example";
const allowed = new Set([OWN]);

test("only https addresses of the registries that are allowed, and files of the repository, are let through", () => {
  for (const address of ["", `${OWN}/a/-/a-1.0.0.tgz`, "file:vendor/a.tgz", "workspace:*", "npm:other@1.0.0"])
    assert.equal(refuseAddress(address, allowed), undefined, address);
  for (const address of [
    "http://registry.example/a.tgz",
    "https://registry.example:8443/a.tgz",
    "https://registry.example.evil.example/a.tgz",
    "https://registry.example@evil.example/a.tgz",
    "HTTPS://evil.example/a.tgz",
    "https://127.0.0.1/a.tgz",
    "https://[::1]/a.tgz",
    "http://169.254.169.254/latest/meta-data",
    "http://localhost:8474/api",
    "https://10.0.0.1/a.tgz",
    "https://0x7f000001/a.tgz",
    "ftp://registry.example/a.tgz",
    "data:application/gzip;base64,AA",
    "https:",
  ])
    assert.match(refuseAddress(address, allowed) ?? "", /^comes from /, address);
  for (const address of [
    "git+ssh://git@git.example/a.git",
    "git+file:///etc/a",
    "git://git.example/a",
    "github:a/b",
    "git@git.example:a/b.git",
    "ssh://git@git.example/a",
  ])
    assert.match(refuseAddress(address, allowed) ?? "", /comes from Git/, address);
});

/** An npm that says it was called, and would be the install; no name of a registry is in it. */
const NPM = `#!/bin/sh
case "$1 $2" in
  "config ls") echo '{"registry":"https://mirror.example/npm/","@acme:registry":"https://acme.example/"}' ;;
  "config get") echo 'https://public.example/' ;;
  *) mkdir node_modules; echo "$*" > node_modules/ran ;;
esac
`;

interface Made {
  readonly prepare: (files: Readonly<Record<string, string>>) => Promise<readonly string[]>;
}

function setUp(t: TestContext, registries: readonly string[] = []): Made {
  const base = tempFolder(t);
  const bin = path.join(base, "bin");
  mkdirSync(bin);
  writeFileSync(path.join(bin, "npm"), NPM);
  chmodSync(path.join(bin, "npm"), 0o755);
  const installer = createInstaller({
    holdfast: path.resolve(import.meta.dirname, "../../.."),
    cache: path.join(base, "installs"),
    env: { PATH: `${bin}:${process.env["PATH"] ?? ""}`, HOME: base },
    redact: text => text,
    registries,
  });
  let made = 0;
  /** The problems, as `file:line message`; none: it was installed. */
  const prepare = async (files: Readonly<Record<string, string>>): Promise<readonly string[]> => {
    const root = path.join(base, String(++made));
    for (const [name, text] of Object.entries({ "package.json": "{}", ...files })) {
      mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
      writeFileSync(path.join(root, name), text);
    }
    const stack = { folder: "", runtime: "nodejs" } as StackDefinition;
    const result = await installer.prepare(root, stack, new AbortController().signal);
    if (result.ok) return [];
    assert.ok(result.failure.reason === "config-invalid", JSON.stringify(result.failure));
    assert.ok(result.failure.problems.every(({ hint, place }) => place && (hint || !place.line)));
    return result.failure.problems.map(({ message, place }) =>
      [place?.file, place?.line, ` ${message}`].filter(part => part !== undefined).join(":"),
    );
  };
  return { prepare };
}

type Entry = Readonly<Record<string, unknown>>;
const lock = (entries: Readonly<Record<string, Entry>>): Readonly<Record<string, string>> => ({
  "package-lock.json": JSON.stringify({ lockfileVersion: 3, packages: { "": {}, ...entries } }, undefined, 1),
});
const one = (entry: Entry) => lock({ "node_modules/evil": { version: "1.0.0", ...entry } });

test("a lockfile may name npm's own registry, that of a scope, the public one, and none at all", async t => {
  const { prepare } = setUp(t);
  for (const resolved of [
    "https://mirror.example/npm/a/-/a-1.0.0.tgz",
    "https://acme.example/a.tgz",
    "https://public.example/a/-/a-1.0.0.tgz",
    "",
  ])
    assert.deepEqual(await prepare(one({ resolved })), [], resolved);
  assert.deepEqual(await prepare(one({})), []);
});

test("any other address is refused with its package and line, wherever it stands", async t => {
  const { prepare } = setUp(t);
  const elsewhere = "comes from http://169.254.169.254, which is no registry that packages may come from";
  const address = "http://169.254.169.254/x";
  assert.deepEqual(await prepare(one({ resolved: address })), [`package-lock.json:7: evil ${elsewhere}`]);
  assert.deepEqual(await prepare(one({ version: address })), [`package-lock.json:6: evil ${elsewhere}`]);
  assert.match(
    (await prepare(one({ resolved: "", dependencies: { deep: address } }))).join(),
    /:\d+: deep comes from/,
  );
  assert.deepEqual(
    await prepare({ ...lock({}), "package.json": `{ "dependencies": {\n "evil": "${address}" } }` }),
    [`package.json:2: evil ${elsewhere}`],
  );
  assert.deepEqual(
    await prepare({ ...lock({}), "package.json": `{ "overrides": { "a": { "evil": "${address}" } } }` }),
    [`package.json:1: evil ${elsewhere}`],
  );
});

test("an .npmrc of the repository names no registry that the operator does not know, and sends no login", async t => {
  const { prepare } = setUp(t);
  const npmrc = (text: string) => ({ ...lock({}), ".npmrc": text });
  assert.deepEqual(await prepare(npmrc("omit=dev\nregistry=https://evil.example/\n")), [
    ".npmrc:2: registry comes from https://evil.example, which is no registry that packages may come from",
  ]);
  assert.equal((await prepare(npmrc("@acme:registry = ${EVIL}\n"))).length, 1);
  assert.deepEqual(
    await prepare(npmrc("@acme:registry=https://acme.example/\n//evil.example/:_authToken=x\n")),
    [],
  );
});

test("what the operator adds counts", async t => {
  const entry = one({ resolved: `${OWN}/a.tgz` });
  assert.equal((await setUp(t).prepare(entry)).length, 1);
  assert.deepEqual(await setUp(t, [OWN]).prepare(entry), []);
});

test("the lockfiles of yarn and pnpm are looked through line by line", () => {
  const yarn = `a@^1.0.0:\n  version "1.0.0"\n  resolved "http://evil.example/a.tgz#1"\n\n"b@git+ssh://git@git.example/b.git":\n  version "1.0.0"\n  homepage see https://page.example\n`;
  assert.deepEqual(addressesInLines("yarn", yarn), [
    { name: "a", address: "http://evil.example/a.tgz#1", line: 3 },
    { name: "b", address: "git+ssh://git@git.example/b.git", line: 5 },
  ]);
  const pnpm = `packages:\n  a@1.0.0:\n    resolution: {integrity: sha512-x, tarball: http://evil.example/a.tgz}\n    deprecated: see https://page.example\n  b@https://evil.example/b.tgz:\n    resolution: {type: git, repo: git@git.example:b.git}\n`;
  assert.deepEqual(
    addressesInLines("pnpm", pnpm).map(({ name, address, line }) => [name, address, line]),
    [
      ["a", "http://evil.example/a.tgz", 3],
      ["b", "https://evil.example/b.tgz", 5],
      ["b", "git@git.example:b.git", 6],
    ],
  );
});

test("the real npm says which registries are its own, also where nobody has set one", async t => {
  const folder = path.join(tempFolder(t), "installs");
  const env = { PATH: process.env["PATH"] ?? "", HOME: folder };
  const registries = createRegistries({ env, folder, further: [] });
  const all = [...(await registries.all("npm"))];
  assert.ok(all.length > 0 && all.every(origin => origin.startsWith("http")), `${all.length}`);
});

test("a package tool that did not answer is asked again", async t => {
  const folder = tempFolder(t);
  const npm = path.join(folder, "npm");
  const answers = (script: string): void => writeFileSync(npm, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  const env = { PATH: `${folder}:${process.env["PATH"] ?? ""}`, HOME: folder };
  const registries = createRegistries({ env, folder: path.join(folder, "installs"), further: [] });
  answers("exit 1");
  assert.deepEqual([...(await registries.all("npm"))], []);
  answers(`[ "$2" = get ] && echo "${OWN}/" || echo '{}'`);
  assert.deepEqual([...(await registries.all("npm"))], [OWN]);
});
