/** Kinds of entries that the plain CLI seldom writes; the usual ones are compared with its own checkpoints in test/e2e. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Checkpoint, Resource } from "../../../src/backend/deployment/types.ts";
import { KIND, type JournalEntry } from "../../../src/backend/journal/entry.ts";
import { replay } from "../../../src/backend/journal/replay.ts";

const TIME = "2026-01-01T00:00:00Z";
const urn = (name: string, chain = "t:m:R"): string => `urn:pulumi:dev::web::${chain}::${name}`;
const resource = (name: string, more: Partial<Resource> = {}): Resource => ({
  urn: urn(name),
  type: "t:m:R",
  custom: true,
  ...more,
});
const manifest = { time: TIME, magic: "", version: "" };
const base = (resources: readonly Resource[], more = {}): Checkpoint => ({
  version: 3,
  deployment: { manifest, resources, ...more },
});

let sequence = 0;
const entry = (kind: number, operationID: number, more: Partial<JournalEntry> = {}): JournalEntry => ({
  version: 1,
  kind,
  sequenceID: ++sequence,
  operationID,
  ...more,
});
const run = (from: Checkpoint, ...entries: JournalEntry[]) => replay(from, entries, TIME);
const namesOf = ({ checkpoint }: ReturnType<typeof replay>): readonly string[] =>
  (checkpoint.deployment.resources ?? []).map(item => item.urn.split("::").at(-1) ?? "");

test("write puts another base in the place of the first", () => {
  const newSnapshot = { manifest, resources: [resource("x"), resource("y")] };
  const done = run(
    base([resource("a")]),
    entry(KIND.write, 0, { newSnapshot }),
    entry(KIND.success, 1, { removeOld: 0 }),
  );
  assert.deepEqual(namesOf(done), ["y"]);
});

test("after rebuilt-base-state indices count in the new base", () => {
  const done = run(
    base([resource("a"), resource("b", { dependencies: [urn("a")] }), resource("c", { parent: urn("a") })]),
    entry(KIND.refreshSuccess, 1, { removeOld: 0 }),
    entry(KIND.rebuiltBaseState, 0),
    entry(KIND.success, 2, { removeOld: 0, state: resource("b", { id: "new" }) }),
    entry(KIND.success, 3, { state: resource("d") }),
    entry(KIND.success, 4, { deleteNew: 3 }),
  );
  assert.deepEqual(namesOf(done), ["b", "d", "c"]);
  const [, d, c] = done.checkpoint.deployment.resources ?? [];
  assert.equal(d?.delete, true);
  assert.equal(c?.parent, undefined, "a pointer to what the refresh lost");
});

test("only creates of unknown outcome are carried from update to update", () => {
  const operations = ["creating", "updating", "deleting"].map(type => ({ type, resource: resource(type) }));
  const from = base([], { pending_operations: operations });
  const begun = entry(KIND.begin, 1, { operation: { type: "deleting", resource: resource("now") } });
  const done = run(from, begun);
  assert.deepEqual(done.unknown, [urn("now")]);
  const types = done.checkpoint.deployment.pending_operations?.map(({ type, resource: { urn: of } }) => [
    type,
    of,
  ]);
  assert.deepEqual(types, [
    ["deleting", urn("now")],
    ["creating", urn("creating")],
  ]);
});

test("extensions and snippets are kept, and the version says what a reader must know", () => {
  const done = run(
    base([], { extensions: { old: { name: "o" } } }),
    entry(KIND.extensionParameterize, 1, { extensionRef: "ref", extension: { name: "n" } }),
    entry(KIND.snippets, 0, { snippets: [{ uuid: "u", references: { a: urn("a") } }] }),
    entry(KIND.success, 2, {
      state: resource("a", { taint: true, replaceWith: [urn("b")] }),
      requiresByteString: true,
    }),
  );
  assert.deepEqual(done.checkpoint.deployment.extensions, { ref: { name: "n" }, old: { name: "o" } });
  assert.equal(done.checkpoint.version, 4);
  assert.deepEqual(done.checkpoint.features, ["byteString", "replaceWith", "snippets-prototype", "taint"]);
});

test("an alias renames a resource, its children and all that points at them", () => {
  const child = urn("c", "t:m:R$t:m:R");
  const done = run(
    base([resource("old"), { ...resource("c"), urn: child, parent: urn("old"), dependencies: [urn("old")] }]),
    entry(KIND.success, 1, { removeOld: 0, state: resource("new", { aliases: [urn("old")] }) }),
  );
  const [renamed, other] = done.checkpoint.deployment.resources ?? [];
  assert.equal(renamed?.aliases, undefined);
  assert.deepEqual([other?.parent, other?.dependencies], [urn("new"), [urn("new")]]);
});

test("the secrets manager of an update replaces the one before", () => {
  const secretsProvider = { type: "service", state: { stack: "dev" } };
  const done = run(
    base([], { secrets_providers: { type: "b64" } }),
    entry(KIND.secretsManager, 0, { secretsProvider }),
  );
  assert.deepEqual(done.checkpoint.deployment.secrets_providers, secretsProvider);
});

test("pending replacements are marked in the base and in what the update made", () => {
  const done = run(
    base([resource("a")]),
    entry(KIND.success, 1, { pendingReplacementOld: 0 }),
    entry(KIND.success, 2, { state: resource("b") }),
    entry(KIND.success, 3, { pendingReplacementNew: 2 }),
  );
  assert.deepEqual(
    done.checkpoint.deployment.resources?.map(item => item.pendingReplacement),
    [true, true],
  );
});
