/** The program that the page on files shows is one. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { runProgramOf } from "./program-of-page.ts";

test("docs/hosts-files.md: the program compiles, and makes the resources that it shows", async t => {
  const made = await runProgramOf(t, "docs/hosts-files.md", {
    "files/nginx.conf": "# nothing\n",
    "files/tool-1.4.2.tar.gz": Buffer.from([0x1f, 0x8b]),
    "files/www/css/site.css": "a {}\n",
    "templates/motd.tmpl": "Owner: {{ owner }}\n",
  });
  assert.deepEqual([...made.keys()].toSorted(), [
    "current",
    "frodo",
    "hosts",
    "motd",
    "nginx",
    "site",
    "tool",
    "viewer",
  ]);
  assert.equal(made.get("nginx")?.["validate"], "nginx -t -c %s");
  assert.equal(made.get("motd")?.["content"], "Owner: platform\n");
  assert.deepEqual(Object.keys(made.get("site")?.["entries"] as object), ["css/", "css/site.css"]);
  assert.equal(made.get("tool")?.["format"], "tar.gz");
  assert.equal(made.get("viewer")?.["contentBase64"], "H4s=");
});
