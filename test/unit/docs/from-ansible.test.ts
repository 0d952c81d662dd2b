/** The program for those who come from Ansible is one. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { runProgramOf } from "./program-of-page.ts";

test("docs/from-ansible.md: the program compiles, and makes everything on both hosts", async t => {
  const made = await runProgramOf(t, "docs/from-ansible.md", {
    "templates/app.ini.tmpl": "[{{ name }}]\nport = {{ port }}\n",
  });
  const kinds = ["nginx", "app", "settings", "unit", "site", "warm-up"];
  const wanted = ["frodo", "camelot"].flatMap(host => [host, ...kinds.map(kind => `${host}-${kind}`)]);
  assert.deepEqual([...made.keys()].toSorted(), wanted.toSorted());
  assert.equal(made.get("frodo-settings")?.["content"], "[frodo]\nport = 8080\n");
});
