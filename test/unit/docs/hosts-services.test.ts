/** The program that the page on services shows is one. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { runProgramOf } from "./program-of-page.ts";

test("docs/hosts-services.md: the program compiles, and makes the resources that it shows", async t => {
  const files = { "files/app.conf": "# nothing\n", "files/headers.conf": "# nothing\n" };
  const made = await runProgramOf(t, "docs/hosts-services.md", files);
  assert.deepEqual([...made.keys()].toSorted(), [
    "app",
    "backup",
    "frodo",
    "headers",
    "reload-nginx",
    "report",
    "settings",
    "site",
  ]);
  const when = made.get("reload-nginx")?.["when"] as readonly Readonly<Record<string, string>>[];
  assert.deepEqual(
    when.map(item => item["path"]),
    ["/etc/nginx/conf.d/app.conf", "/etc/nginx/conf.d/headers.conf"],
  );
  for (const { state } of when) assert.match(state ?? "", /^[0-9a-f]{64}$/);
  assert.deepEqual([made.get("backup")?.["name"], made.get("report")?.["name"]], ["backup", "report"]);
});
