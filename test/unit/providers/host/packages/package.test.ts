/** What a package is compared with: version, state and hold as the host tells them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  answersOf,
  keyOf,
  type CandidateFacts,
  type PackageFacts,
} from "../../../../../src/providers/connection/questions.ts";
import type { PlainMap } from "../../../../../src/providers/grpc/value.ts";
import { packageFamily } from "../../../../../src/providers/host/packages/package.ts";

const installed: PackageFacts = { version: "1.0-1", status: "installed", held: false };

/** Properties that are not as wanted, by name, and how they read; undefined: it is not there. */
function differences(
  properties: PlainMap,
  facts?: PackageFacts,
  candidate?: CandidateFacts,
): PlainMap | undefined {
  const wanted = { name: "app", ...properties };
  const answers = answersOf(
    new Map([
      ...(facts ? [[keyOf({ about: "package", name: "app" }), facts] as const] : []),
      ...(candidate ? [[keyOf({ about: "candidate", name: "app" }), candidate] as const] : []),
    ]),
    true,
  );
  const seen = packageFamily.see(packageFamily.parse(wanted), answers, wanted)?.properties;
  return (
    seen &&
    Object.fromEntries(Object.entries(seen).filter(([key, value]) => value !== (wanted as PlainMap)[key]))
  );
}

test("a package that is not there, or of which only configuration is left, is gone", () => {
  assert.equal(differences({ ensure: "present" }), undefined);
  assert.equal(differences({ ensure: "present" }, { ...installed, status: "config-files" }), undefined);
  assert.deepEqual(differences({ ensure: "present" }, installed), {});
});

test("one that was broken off in the middle differs; one that waits for triggers does not", () => {
  assert.deepEqual(differences({ ensure: "present" }, { ...installed, status: "half-configured" }), {
    ensure: "1.0-1 (half-configured)",
  });
  assert.deepEqual(differences({ version: "1.0-1" }, { ...installed, status: "half-installed" }), {
    version: "1.0-1 (half-installed)",
  });
  assert.deepEqual(differences({ version: "1.0-1" }, { ...installed, status: "triggers-pending" }), {});
});

test("an exact version is that text, its epoch included", () => {
  assert.deepEqual(differences({ version: "1.0-1" }, installed), {});
  assert.deepEqual(differences({ version: "1:1.0-1" }, installed), { version: "1.0-1" });
});

test("the latest is the candidate of the host's lists; where there is none, what is there is the latest", () => {
  assert.deepEqual(differences({ ensure: "latest" }, installed, { version: "1.0-1" }), {});
  assert.deepEqual(differences({ ensure: "latest" }, installed, { version: "1.0-2" }), {
    ensure: "1.0-1, and 1.0-2 is there",
  });
  assert.deepEqual(differences({ ensure: "latest" }, installed), {});
});

test("apt is asked only where the latest is wanted", () => {
  const about = (properties: PlainMap): readonly string[] =>
    packageFamily.look(packageFamily.parse({ name: "app", ...properties })).map(question => question.about);
  assert.deepEqual(about({ ensure: "present" }), ["package"]);
  assert.deepEqual(about({ version: "1" }), ["package"]);
  assert.deepEqual(about({ ensure: "latest" }), ["package", "candidate"]);
});

test("a hold counts where the program says something of it", () => {
  assert.deepEqual(differences({ ensure: "present", held: true }, installed), { held: false });
  assert.deepEqual(differences({ ensure: "present", held: false }, { ...installed, held: true }), {
    held: true,
  });
  assert.deepEqual(differences({ ensure: "present" }, { ...installed, held: true }), {});
});
