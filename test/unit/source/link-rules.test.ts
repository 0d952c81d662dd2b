import assert from "node:assert/strict";
import { mkdirSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { linkProblem } from "../../../src/source/link-rules.ts";
import { removeTree, tempFolder } from "../../support/git.ts";

const problem = (links: Record<string, string>, link: string): string | undefined =>
  linkProblem(link, new Map(Object.entries(links)));

test("links that stay inside are kept, also where nothing is there yet", () => {
  const links = {
    a: "b",
    "x/up": "../y/file",
    "x/self": ".",
    "x/root": "..",
    dangling: "not/there",
    "deep/er/l": "../../x/up",
    through: "x/root/x/root/y",
  };
  for (const link of Object.keys(links)) assert.equal(problem(links, link), undefined, link);
});

test("links that lead out are refused: directly, through another link, absolutely", () => {
  assert.match(problem({ a: "../b" }, "a") ?? "", /out of the repository/);
  assert.match(problem({ "x/a": "../../b" }, "x/a") ?? "", /out of the repository/);
  assert.match(problem({ a: "/etc/passwd" }, "a") ?? "", /absolute/);
  assert.match(problem({ a: "/" }, "a") ?? "", /absolute/);
  const chain = { "x/y/z": "..", a: "x/y/z/../../../etc" };
  assert.match(problem(chain, "a") ?? "", /out of the repository/);
  assert.match(problem({ b: "/etc", a: "b/passwd" }, "a") ?? "", /absolute/);
});

test("circles, long chains and NUL bytes are refused", () => {
  assert.match(problem({ a: "b", b: "a" }, "a") ?? "", /circle/);
  const chain = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`l${i}`, `l${i + 1}`]));
  assert.match(problem(chain, "l0") ?? "", /too many links/);
  assert.match(problem({ a: "b\0c" }, "a") ?? "", /NUL/);
});

test("no set of links that is let through leads out when the kernel follows it", t => {
  const base = tempFolder(t);
  const name = fc.constantFrom("a", "b", "d/a", "d/b", "d/e/a");
  const part = fc.constantFrom("..", ".", "a", "b", "d", "e", "file");
  const target = fc.array(part, { minLength: 1, maxLength: 5 }).map(parts => parts.join("/"));
  let run = 0;
  let kept = 0;
  fc.assert(
    fc.property(fc.dictionary(name, target, { minKeys: 1, maxKeys: 4 }), links => {
      // Two levels above the tree exist, so that a way out can really be followed.
      const outside = path.join(base, String(run++));
      const root = path.join(outside, "a", "d");
      mkdirSync(path.join(root, "d", "e"), { recursive: true });
      writeFileSync(path.join(root, "file"), "");
      const map = new Map(Object.entries(links));
      const allowed = [...map].filter(([link]) => linkProblem(link, map) === undefined);
      for (const [link, to] of map) symlinkSync(to, path.join(root, link));
      for (const [link] of allowed) {
        const end = follow(path.join(root, link));
        if (end === undefined) continue;
        kept++;
        assert.ok(end === root || end.startsWith(`${root}/`), `${link} leads to ${end}`);
      }
      removeTree(outside);
    }),
    { numRuns: 300 },
  );
  assert.ok(kept > 0);
});

function follow(link: string): string | undefined {
  try {
    return realpathSync(link);
  } catch {
    // Dangling, or a circle: it leads nowhere.
    return undefined;
  }
}
