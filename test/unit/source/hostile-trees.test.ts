/**
 * The corpus of hostile trees: each is refused with the path that is at fault, or contained: then what is on the disk is
 * just what is said here. What a stack's own files may hold is in test/unit/config/hostile-files.test.ts.
 */
import assert from "node:assert/strict";
import { existsSync, lstatSync, readdirSync, readlinkSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { DEFAULT_LIMITS } from "../../../src/source/limits.ts";
import { file, folder, forge, gitlink, link, type Forge, type Line } from "../../support/forge.ts";
import { makeRepository, tempFolder } from "../../support/git.ts";
import { failureOf, never, openSource, valueOf } from "./open-source.ts";

type Expected =
  /** The path, or a part of it, and the reason. */
  | { readonly refused: readonly [string, RegExp] }
  /** Not written, and said so: the path and the reason of the first; the rest of the tree is there. */
  | { readonly leftOut: readonly [string, RegExp] }
  /** Git itself does not take it from the server. */
  | { readonly unfetchable: RegExp }
  /** Paths below the root, sorted, as Latin-1; links as `name -> target`, empty folders with a slash. */
  | { readonly kept: readonly string[] };

interface Case {
  readonly name: string;
  readonly tree: (make: Forge, outside: string) => readonly Line[];
  readonly expected: Expected;
}

const bytes = (text: string): string => Buffer.from(text).toString("latin1");
const refuse = (where: string, why: RegExp): Expected => ({ refused: [where, why] });
const leave = (where: string, why: RegExp): Expected => ({ leftOut: [where, why] });
const keep = (...kept: readonly string[]): Expected => ({ kept });

/** A case of one name in the root that is a plain file. */
const named = (name: string, expected: Expected = keep(bytes(name))): Case => ({
  name: `a file named ${JSON.stringify(name.length > 40 ? `${name.slice(0, 40)}…` : name)}`,
  tree: make => [file(bytes(name), make.blob("x"))],
  expected,
});

/** Plain files of these names, together. */
const harmless = (title: string, ...names: readonly string[]): Case => ({
  name: title,
  tree: make => names.map(name => file(bytes(name), make.blob("x"))),
  expected: keep(...names.map(bytes)),
});

/** A folder of that name with a file in it. */
const inside = (name: string, expected: Expected): Case => ({
  name: `a folder named ${JSON.stringify(name)}`,
  tree: make => [folder(bytes(name), make.tree([file("f", make.blob("x"))]))],
  expected,
});

const linked = (name: string, target: string, expected: Expected): Case => ({
  name: `a link ${name} to ${JSON.stringify(target)}`,
  tree: make => [link(name, make.blob(target))],
  expected,
});

const GIT = /must not contain "\.git"/;

const CASES: readonly Case[] = [
  // .git in every spelling that some file system takes for it.
  ...[
    ".git",
    ".GIT",
    ".Git",
    ".git.",
    ".git ",
    ".git. .",
    "git~1",
    "GIT~1",
    ".git::$INDEX_ALLOCATION",
  ].flatMap(name => [named(name, refuse(name.trim(), GIT)), inside(name, refuse("/f", GIT))]),
  named(".g\u200cit", refuse(".g it", GIT)),
  named("\ufeff.git", refuse(".git", GIT)),
  named(".git\\config", refuse(".git\\config", GIT)),
  named("a\\.git", refuse("a\\.git", GIT)),
  harmless("names that only look like .git", "git~2", ".gitmodules", ".gitconfig", ".gitattributes", "x.git"),

  // Ways out.
  inside("..", refuse("../f", /must not contain "\.\."/)),
  named("..", refuse("..", /must not contain "\.\."/)),
  inside(".", refuse("./f", /must not contain "\."/)),
  inside("", { unfetchable: /empty filename/ }),
  named("../../f", refuse("../../f", /must not contain "\.\."/)),
  named("/etc/f", refuse("/etc/f", /must not contain ""/)),
  named("a/b/../../../f", refuse("a/b/../../../f", /must not contain "\.\."/)),
  linked("l", "/etc/passwd", leave("l", /absolute target/)),
  linked("l", "../x", leave("l", /out of the repository/)),
  linked("l", "a/../../x", leave("l", /out of the repository/)),
  linked("l", "/", leave("l", /absolute/)),
  linked("l", "", refuse("l", /target has 0 bytes/)),
  linked("l", "x".repeat(4096), refuse("l", /target has 4096 bytes/)),
  linked("l", "a\0b", leave("l", /NUL/)),
  linked("l", "l", leave("l", /in a circle/)),
  linked("l", "//etc", leave("l", /absolute/)),
  linked("l", "a\nb", keep("l -> a\nb")),
  linked("l", "-rf", keep("l -> -rf")),
  linked("l", "./.", keep("l -> ./.")),
  linked("l", "/proc/self/environ", leave("l", /absolute/)),
  {
    name: "two links that lead to each other",
    tree: make => [link("a", make.blob("b")), link("b", make.blob("a"))],
    expected: leave("a", /in a circle/),
  },
  {
    name: "a link through a link that goes up",
    tree: make => [
      folder("d", make.tree([link("up", make.blob(".."))])),
      link("e", make.blob("d/up/../secret")),
    ],
    expected: leave("e", /out of the repository/),
  },
  {
    name: "a link and a folder of one name, so that the folder's file would be written through the link",
    tree: (make, outside) => [
      link("d", make.blob(outside)),
      folder("d", make.tree([file("pwned", make.blob("x"))])),
    ],
    expected: refuse("d", /twice|absolute/),
  },
  {
    name: "a folder and then a link of one name",
    tree: (make, outside) => [
      folder("d", make.tree([file("pwned", make.blob("x"))])),
      link("d", make.blob(outside)),
    ],
    expected: refuse("d", /twice|absolute/),
  },
  {
    name: "one name twice",
    tree: make => [file("a", make.blob("1")), file("a", make.blob("2"))],
    expected: refuse("a", /twice/),
  },

  // Submodules: nothing of them is fetched.
  { name: "a submodule", tree: () => [gitlink("m")], expected: keep("m/") },
  {
    name: "a submodule that runs a command, by its .gitmodules",
    tree: make => [
      file(".gitmodules", make.blob('[submodule "m"]\n\tpath = m\n\turl = ext::sh -c "touch /tmp/x"\n')),
      gitlink("m"),
    ],
    expected: keep(".gitmodules", "m/"),
  },
  { name: "a submodule at ..", tree: () => [gitlink("..")], expected: refuse("..", /must not contain/) },
  { name: "a submodule at .git", tree: () => [gitlink(".git")], expected: refuse(".git", GIT) },
  {
    name: "a submodule at a path through its parent",
    tree: () => [gitlink("a/../../m")],
    expected: refuse("a/../../m", /must not contain/),
  },
  {
    name: "a submodule and a link of one name",
    tree: (make, outside) => [link("m", make.blob(outside)), gitlink("m")],
    expected: refuse("m", /twice|absolute/),
  },

  // Names that mean something to somebody else.
  harmless(
    "names that look like options, patterns or commands",
    "-rf",
    "--upload-pack=touch x",
    "-",
    "--",
    "*",
    "$(touch x)",
    "`x`",
    "a;b",
    "a|b",
    "'",
    '"',
    "\\",
  ),
  harmless(
    "names of devices, and others that only other systems find odd",
    "CON",
    "NUL",
    "aux.ts",
    "LPT1",
    "COM1.yaml",
    "a:b",
    "a.",
    "a ",
    "Thumbs.db",
    ".DS_Store",
  ),
  harmless(
    "names with line feeds and other control characters",
    "a\nb",
    "a\r\nb",
    "\t",
    "\u0007",
    "\u001b[2J",
    " ",
    "a\u0085b",
  ),
  harmless(
    "names that hide or imitate characters",
    "\u202egnp.exe",
    "\u200b",
    "e\u0301",
    "\u00e9",
    "\uff0f",
    "\u2024\u2024",
    "\ud83d\udca5",
    "ﬀ",
  ),
  {
    name: "names that are no UTF-8, among them an overlong slash and two dots",
    tree: make =>
      ["\xff\xfe", "\xc0\xaf", "\xc0\xae\xc0\xae", "\xed\xa0\x80"].map(name => file(name, make.blob("x"))),
    expected: keep("\xc0\xae\xc0\xae", "\xc0\xaf", "\xed\xa0\x80", "\xff\xfe"),
  },
  {
    name: "names that differ in case, or in how an accent is written",
    tree: make => ["A", "a", bytes("\u00e9"), bytes("e\u0301")].map(name => file(name, make.blob("x"))),
    expected: keep("A", "a", bytes("e\u0301"), bytes("\u00e9")),
  },

  // Too long, too deep.
  named("n".repeat(255)),
  named("n".repeat(256), refuse("nnn", /name in the path is too long/)),
  named("n".repeat(4096), refuse("nnn", /too long/)),
  {
    name: "2,100 folders in each other",
    tree: make => {
      let inner = make.tree([file("f", make.blob("x"))]);
      for (let depth = 0; depth < 2100; depth++) inner = make.tree([folder("d", inner)]);
      return [folder("d", inner)];
    },
    expected: refuse("d/d/d", /the path is too long/),
  },

  // Too much.
  {
    name: "200,001 files, of which one blob and two trees are stored",
    tree: make => {
      const blob = make.blob("x");
      const many = Array.from({ length: 1000 }, (_, i) => file(`f${String(i).padStart(3, "0")}`, blob));
      const thousand = make.tree(many);
      const folders = Array.from({ length: DEFAULT_LIMITS.files / 1000 }, (_, i) =>
        folder(`d${String(i).padStart(3, "0")}`, thousand),
      );
      return [...folders, file("z", blob)];
    },
    expected: refuse("/", /more than 200000 files/),
  },
  {
    name: "a file over 50 MiB",
    tree: make => [file("huge", make.blob(Buffer.alloc(DEFAULT_LIMITS.fileBytes + 1)))],
    expected: refuse("huge", /52428801 bytes; 52428800 are allowed/),
  },
  {
    name: "more than 1 GiB together, of which 50 MiB are stored once",
    tree: make => {
      const blob = make.blob(Buffer.alloc(DEFAULT_LIMITS.fileBytes));
      return Array.from({ length: 21 }, (_, i) => file(`f${String(i).padStart(2, "0")}`, blob));
    },
    expected: refuse("f20", /more than 1073741824 bytes together/),
  },
  {
    name: "a link's target of 50 MiB",
    tree: make => [link("l", make.blob(Buffer.alloc(DEFAULT_LIMITS.fileBytes, "a")))],
    expected: refuse("l", /target has 52428800 bytes/),
  },

  // What steers Git elsewhere is a file like any other.
  {
    name: "hooks, settings and attributes of all kinds",
    tree: make =>
      [
        [
          ".gitattributes",
          "* filter=evil export-ignore export-subst ident eol=crlf working-tree-encoding=UTF-16\n",
        ],
        [".gitconfig", "[core]\n\tfsmonitor = touch x\n\thooksPath = .\n"],
        ["config", "[core]\n\tsshCommand = touch x\n"],
        ["post-checkout", "#!/bin/sh\ntouch x\n"],
      ].map(([name = "", content = ""]) => file(name, make.blob(content))),
    expected: keep(".gitattributes", ".gitconfig", "config", "post-checkout"),
  },
];

function listing(root: string, below = ""): string[] {
  const here = Buffer.from(path.join(root, "x").slice(0, -1) + below, "latin1");
  const found = readdirSync(here, { encoding: "latin1" }).sort();
  if (found.length === 0 && below !== "") return [`${below}/`.slice(1)];
  return found.flatMap(name => {
    const at = `${below}/${name}`;
    const full = Buffer.from(root + at, "latin1");
    const seen = lstatSync(full);
    if (seen.isSymbolicLink()) return [`${at.slice(1)} -> ${readlinkSync(full, "latin1")}`];
    return seen.isDirectory() ? listing(root, at) : [at.slice(1)];
  });
}

test("every tree of the corpus is refused by its path, or contained, and nothing else happens", async t => {
  const outside = tempFolder(t);
  const repository = makeRepository(t, { files: { "a.txt": "1" } });
  const make = forge(repository);
  const { source, folder: data } = openSource(t, repository.url);
  for (const { name, tree, expected } of CASES)
    await t.test(name, async () => {
      const sha = make.push(make.tree(tree(make, outside)));
      const fetched = await source.fetch(never);
      if ("unfetchable" in expected) {
        const failure = failureOf(fetched);
        assert.ok(failure.reason === "fetch-failed", JSON.stringify(failure));
        assert.match(failure.why, expected.unfetchable);
        make.reset();
        return;
      }
      assert.equal(valueOf(fetched).sha, sha);
      const answer = await source.checkout(sha);
      if ("refused" in expected) {
        const failure = failureOf(answer);
        assert.ok(failure.reason === "repository-refused", JSON.stringify(failure));
        const [where, why] = expected.refused;
        assert.ok(failure.path.includes(where), failure.path);
        assert.match(failure.why, why);
        assert.ok(failure.path.length <= 200, "the path is not one for a message");
        assert.equal(existsSync(path.join(data, "checkouts", sha)), false);
      } else {
        const checkout = valueOf(answer);
        const there = listing(checkout.root).sort();
        if ("leftOut" in expected) {
          const [where, why] = expected.leftOut;
          const [first] = checkout.leftOut ?? [];
          assert.equal(first?.path, where);
          assert.match(first?.why ?? "", why);
          assert.ok(!there.some(name => name.startsWith(`${where} -> `)), there.join("\n"));
        } else assert.deepEqual(there, [...expected.kept].sort());
        checkout.release();
      }
      assert.deepEqual(readdirSync(outside), []);
    });
});

test("after each of them the next good commit is taken as ever", async t => {
  const repository = makeRepository(t, { files: { "a.txt": "1" } });
  const make = forge(repository);
  const { source } = openSource(t, repository.url);
  const bad = make.push(make.tree([folder("..", make.files({ f: "x" }))]));
  valueOf(await source.fetch(never));
  assert.equal(failureOf(await source.checkout(bad)).reason, "repository-refused");
  const good = repository.commit("good", { "a.txt": "2" });
  assert.equal(valueOf(await source.fetch(never)).sha, good);
  assert.deepEqual(readdirSync(valueOf(await source.checkout(good)).root), ["a.txt"]);
});

/** All that the ordinary limit lets through, or, to be quick, a lower limit's. */
const MOST = process.env["HOLDFAST_TEST_LONG"] === "1" ? DEFAULT_LIMITS.files : 1000;
const IN_FOLDER = 100;

test(`a tree of ${MOST} files, as many as are let through, is written whole; one more is refused`, async t => {
  const repository = makeRepository(t, { files: { "a.txt": "1" } });
  const make = forge(repository);
  const blob = make.blob("x");
  const some = make.tree(
    Array.from({ length: IN_FOLDER }, (_, i) => file(`f${String(i).padStart(3, "0")}`, blob)),
  );
  const folders = Array.from({ length: MOST / IN_FOLDER }, (_, i) =>
    folder(`d${String(i).padStart(4, "0")}`, some),
  );
  const { source } = openSource(t, repository.url, { limits: { files: MOST }, deadlineMs: 300_000 });
  const sha = make.push(make.tree(folders));
  valueOf(await source.fetch(never));
  const checkout = valueOf(await source.checkout(sha));
  const { root } = checkout;
  const written = readdirSync(root).map(name => readdirSync(path.join(root, name)).length);
  assert.deepEqual([written.length, new Set(written)], [MOST / IN_FOLDER, new Set([IN_FOLDER])]);
  checkout.release();
  const more = make.push(make.tree([...folders, file("z", blob)]));
  valueOf(await source.fetch(never));
  assert.equal(failureOf(await source.checkout(more)).reason, "repository-refused");
});
