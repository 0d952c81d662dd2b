/** The program that the page on containers shows is one. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { runProgramOf } from "./program-of-page.ts";

test("docs/hosts-containers-nginx.md: the program compiles, and makes the resources that it shows", async t => {
  process.env["PULUMI_CONFIG"] = '{"project:databasePassword":"geheim"}';
  t.after(() => delete process.env["PULUMI_CONFIG"]);
  const made = await runProgramOf(t, "docs/hosts-containers-nginx.md", {
    "worker/Containerfile": "FROM scratch\n",
  });
  assert.deepEqual([...made.keys()].toSorted(), ["app", "frodo", "nginx", "podman", "worker", "www"]);
  assert.equal(made.get("www")?.["proxyTo"], "127.0.0.1:8080");
  assert.doesNotMatch(JSON.stringify(made.get("app")?.["environment"]), /geheim/);
});
