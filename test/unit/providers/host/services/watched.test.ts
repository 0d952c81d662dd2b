/** What a record says is due: by its checksum alone, as a probe sees it, and by its text. */
import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";
import fc from "fast-check";
import { createConnectionPool } from "../../../../../src/providers/connection/pool.ts";
import type { Plain, PlainMap } from "../../../../../src/providers/grpc/value.ts";
import {
  dueOf,
  formerPaths,
  isDue,
  isNoted,
  itemsNow,
  lookedIn,
  lookNow,
  lookQuestions,
  recordText,
  renewRecord,
  saveRecord,
  wasFormer,
  type Looked,
  type Watch,
} from "../../../../../src/providers/host/services/watched.ts";

const RECORD = "/var/lib/holdfast/handlers/it's one";

/** A folder that stands for a host. */
function stage(t: TestContext) {
  const root = mkdtempSync(path.join(tmpdir(), "holdfast-watched-"));
  const pool = createConnectionPool(root);
  t.after(async () => {
    await pool.close();
    rmSync(root, { recursive: true });
  });
  const site = { machine: pool.machine({ kind: "local", root }), signal: new AbortController().signal };
  return {
    at: (name: string): string => path.join(root, name),
    look: async (...watches: readonly Watch[]): Promise<Looked> => {
      const looked = await lookNow(site, RECORD, watches);
      assert.ok(looked.ok);
      return looked.value;
    },
    /** Without the record's text. */
    glance: async (...watches: readonly Watch[]): Promise<Looked> => {
      const answers = await site.machine.ask(lookQuestions(RECORD, watches), site.signal);
      assert.ok(answers.ok);
      return lookedIn(answers.value, RECORD, watches);
    },
    save: (text: string) => saveRecord(site, RECORD, text),
    renew: (text: string) => renewRecord(site, RECORD, text),
  };
}
const watching = (...paths: readonly string[]): Watch => ({
  work: "run",
  items: paths.map(one => ({ path: one })),
});
const changed = (watch: Watch, looked: Looked): readonly string[] => [...dueOf(watch, looked).paths];
/** As if the host held this record. */
const holding = (text: string, now: Looked["now"]): Looked => {
  const looked = { noted: undefined, text, now };
  return { ...looked, noted: isNoted([], looked) ? "" : "another" };
};

test("nothing noted is all due; what is noted is not, until it is written, moded or gone", async t => {
  const { at, look, glance, save, renew } = stage(t);
  const names = ["/plain", "/with space ", "/quote's", "/absent", "/folder"];
  const [plain = "", spaced = "", quoted = "", absent = "", folder = ""] = names.map(at);
  for (const name of [plain, spaced, quoted]) writeFileSync(name, "1");
  mkdirSync(folder);
  const watch = watching(...names);
  assert.deepEqual(changed(watch, await look(watch)), names);
  await save(recordText([watch], await look(watch)));
  for (const looked of [await look(watch), await glance(watch)])
    assert.equal(isDue(dueOf(watch, looked)), false);
  writeFileSync(path.join(folder, "x"), "");
  assert.deepEqual(changed(watch, await glance(watch)), [], "what is in a folder is not the folder");
  writeFileSync(`${plain}.new`, "1");
  renameSync(`${plain}.new`, plain);
  assert.deepEqual(changed(watch, await look(watch)), ["/plain"], "equal content counts as well");
  assert.deepEqual(changed(watch, await glance(watch)), names, "it may be any of them");
  chmodSync(quoted, 0o600);
  rmSync(spaced);
  writeFileSync(absent, "");
  chmodSync(folder, 0o700);
  assert.deepEqual(changed(watch, await look(watch)), names);
  await renew(recordText([watch], { noted: undefined, now: new Map() }));
  assert.equal(isNoted([watch], await look(watch)), true);
});

test("files that left the list are told, and make due what comes next", async t => {
  const { look, save } = stage(t);
  const [one, both] = [watching("/a"), watching("/a", "/b")];
  await save(recordText([both], await look(both)));
  assert.deepEqual(formerPaths([one], await look(one)), ["/b"]);
  await save(recordText([one], await look(one), true));
  assert.deepEqual([wasFormer(await look(one)), isNoted([one], await look(one))], [true, false]);
  await save(recordText([one], await look(one)));
  assert.deepEqual([wasFormer(await look(one)), isNoted([one], await look(one))], [false, true]);
});

const plainValue: fc.Arbitrary<Plain> = fc.jsonValue().map(value => value as Plain);

test("any values that are noted are not due, in whatever order their keys come, and others are", () => {
  const nothing: Looked = { noted: undefined, now: new Map() };
  const noted = (watch: Watch): Looked => holding(recordText([watch], nothing), new Map());
  fc.assert(
    fc.property(fc.array(plainValue, { minLength: 1 }), values => {
      const watch = { work: "run", items: values.map(value => ({ value })) };
      assert.equal(isDue(dueOf(watch, noted(watch))), false);
      const more = { ...watch, items: [...watch.items, { value: "more" }] };
      assert.equal(dueOf(more, noted(watch)).values, true);
    }),
  );
  const [there, back] = [
    { a: 1, b: { c: 2, d: 3 } },
    { b: { d: 3, c: 2 }, a: 1 },
  ];
  const watchOf = (value: Plain): Watch => ({ work: "run", items: [{ value }] });
  assert.equal(isDue(dueOf(watchOf(back), noted(watchOf(there)))), false);
});

test("the item that names the changed path is the one that differs", () => {
  const items: readonly PlainMap[] = [
    { path: "/a", state: "1" },
    { path: "/t", paths: ["/t/x"], state: "2" },
    { value: 3 },
  ];
  const due = (paths: readonly string[], values = false) => ({ paths: new Set(paths), values });
  const differing = (now: readonly unknown[]): readonly number[] =>
    now.flatMap((item, index) => (JSON.stringify(item) === JSON.stringify(items[index]) ? [] : [index]));
  assert.deepEqual(differing(itemsNow(items, due(["/a"]))), [0]);
  assert.deepEqual(differing(itemsNow(items, due(["/t/x"], true))), [1]);
  assert.deepEqual(differing(itemsNow(items, due([], true))), [0, 1, 2]);
  assert.deepEqual(differing(itemsNow(items, due([]))), []);
});

test("a record that was cut short makes due what it does not say", () => {
  const watch = watching("/a", "/b");
  const now = new Map([
    ["/a", "file 0644 1.2.3 0.0"],
    ["/b", "file 0644 1.2.4 0.0"],
  ]);
  const whole = recordText([watch], { noted: undefined, now });
  fc.assert(
    fc.property(fc.nat(whole.length), cut => {
      assert.equal(isDue(dueOf(watch, holding(whole.slice(0, cut), now))), cut < whole.length - 1);
    }),
  );
});
