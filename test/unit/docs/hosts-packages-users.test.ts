/** The program that the page on packages and users shows is one. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { runProgramOf } from "./program-of-page.ts";

test("docs/hosts-packages-users.md: the program compiles, and makes the resources that it shows", async t => {
  process.env["PULUMI_CONFIG"] = JSON.stringify({
    "project:repositoryKey":
      "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmDME\n-----END PGP PUBLIC KEY BLOCK-----\n",
    "project:appPassword": "$6$salt$hash",
  });
  t.after(() => delete process.env["PULUMI_CONFIG"]);
  const made = await runProgramOf(t, "docs/hosts-packages-users.md", {
    "debs/tool_2.0_amd64.deb": Buffer.from([0x21, 0x3c]),
  });
  const names = ["ada", "app", "example", "frodo", "nginx", "security", "staff", "tool"];
  assert.deepEqual([...made.keys()].toSorted(), names);
  assert.deepEqual([made.get("tool")?.["version"], made.get("tool")?.["deb"]], ["2.0", "ITw="]);
  assert.deepEqual(made.get("app")?.["groups"], ["app-staff", "www-data"]);
  assert.equal(made.get("ada")?.["user"], "app");
});
