/** Which test files there are. */
import { readdirSync } from "node:fs";
import path from "node:path";

/** Paths relative to the root, sorted: e2e is what lies in test/e2e, unit all the rest. Fixtures are nobody's tests. */
export function testFiles(root, only = "") {
  const all = readdirSync(path.join(root, "test"), { recursive: true })
    .map(name => path.posix.join("test", name.split(path.sep).join("/")))
    .filter(file => file.endsWith(".test.ts") && !file.startsWith("test/fixtures/") && file.includes(only))
    .sort();
  const isE2e = file => file.startsWith("test/e2e/");
  return { unit: all.filter(file => !isE2e(file)), e2e: all.filter(isE2e) };
}
