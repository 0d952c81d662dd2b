/** Links between the pages lead somewhere. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { pages, read, root, withoutCode } from "./pages.ts";

/** As GitHub and Forgejo make them of a heading. */
function anchorsOf(page: string): ReadonlySet<string> {
  const titles = read(page)
    .replace(/^ *```[\s\S]*?^ *```$/gm, "")
    .matchAll(/^#{1,6} (.+)$/gm);
  const seen = new Map<string, number>();
  return new Set(
    [...titles].map(([, title = ""]) => {
      const words = title
        .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
        .trim()
        .toLowerCase();
      const anchor = words.replace(/[^\p{L}\p{N}\p{M} _-]/gu, "").replaceAll(" ", "-");
      const count = seen.get(anchor) ?? 0;
      seen.set(anchor, count + 1);
      return count === 0 ? anchor : `${anchor}-${count}`;
    }),
  );
}

function broken(page: string, link: string): string | undefined {
  const [file = "", anchor] = link.split("#");
  const target = file === "" ? page : path.join(path.dirname(page), decodeURIComponent(file));
  if (target.startsWith("..")) return `${link} leads out of the repository`;
  if (!existsSync(path.join(root, target))) return `${link}: no such file`;
  if (anchor === undefined) return undefined;
  return anchorsOf(target).has(anchor) ? undefined : `${link}: no such heading`;
}

for (const page of pages) {
  test(`${page}: every relative link leads to a file, and to a heading in it`, () => {
    const links = [...withoutCode(read(page)).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = ""]) => link);
    const relative = links.filter(link => !/^[a-z]+:/i.test(link));
    assert.deepEqual(relative.map(link => broken(page, link)).filter(Boolean), []);
  });
}

test("a broken link is found", () => {
  assert.match(broken("README.md", "docs/nowhere.md") ?? "", /no such file/);
  assert.match(broken("README.md", "docs/secrets.md#nowhere") ?? "", /no such heading/);
  assert.equal(broken("docs/secrets.md", "#a-key"), undefined);
});
