/** docs/troubleshooting.md covers every failure, and none that is gone. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { read, sections } from "./pages.ts";

const KINDS = { Stalled: "stalled", Waiting: "waiting", Transient: "transient", Aborted: "aborted" };

/** Reasons of a kind, as src/engine/failure.ts writes them. */
function reasonsOf(type: string): string[] {
  const source = read("src/engine/failure.ts");
  const body = source.split(`export type ${type} = `)[1]?.split(/^export /m)[0] ?? "";
  return [...body.matchAll(/\breason: "([a-z-]+)"/g)].map(([, reason = ""]) => reason).sort();
}

const chapters = sections(read("docs/troubleshooting.md"), 2);

for (const [type, kind] of Object.entries(KINDS)) {
  test(`every reason of kind ${kind} is explained, with its kind`, () => {
    const chapter = [...chapters].find(([title]) => title.toLowerCase().includes(`\`${kind}\``))?.[1] ?? "";
    const told = [...chapter.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, reason = ""]) => reason).sort();
    assert.ok(reasonsOf(type).length > 1);
    assert.deepEqual(told, reasonsOf(type));
  });
}
