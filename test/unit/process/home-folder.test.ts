import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import path from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

const MODULE = pathToFileURL(path.resolve(import.meta.dirname, "../../../src/process/home-folder.ts")).href;
/** No machine names this user. */
const NAMELESS = 3_999_999;

/** As that user, once the module is loaded, which it may not be able to read. */
function homeOf(uid: number, env: Readonly<Record<string, string>>): string {
  const program = `const { homeFolder } = await import(${JSON.stringify(MODULE)}); process.setuid(${uid}); console.log(homeFolder());`;
  const args = ["--input-type=module", "--eval", program];
  return execFileSync(process.execPath, args, { env, encoding: "utf8", stdio: "pipe" }).trim();
}

test(
  "the home folder is HOME, the user's, or none",
  {
    skip: process.getuid?.() === 0 ? false : "only root can become another user",
  },
  () => {
    assert.equal(homeOf(NAMELESS, { HOME: "/home/sam" }), "/home/sam");
    assert.equal(homeOf(0, {}), execFileSync("sh", ["-c", "echo ~root"], { encoding: "utf8" }).trim());
    assert.equal(homeOf(NAMELESS, {}), "/");
  },
);
