/** What a record says is due, and what scripts that write and read it do on any system with GNU stat. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";
import fc from "fast-check";
import type { Plain, PlainMap } from "../../../../src/providers/grpc/value.ts";
import {
  dueOf,
  formerChanges,
  isDue,
  itemsNow,
  lookScript,
  parseLook,
  recordText,
  saveScript,
  type Looked,
  type Watch,
} from "../../../../src/providers/host/watched.ts";

function stage(t: TestContext) {
  const folder = mkdtempSync(path.join(tmpdir(), "holdfast-watched-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const record = path.join(folder, "records/it's one");
  const sh = (script: string, input = ""): string =>
    execFileSync("sh", ["-c", script], { input, encoding: "utf8" });
  return {
    at: (name: string): string => path.join(folder, name),
    look: (...watches: readonly Watch[]): Looked => parseLook(sh(lookScript(record, watches))),
    save: (text: string): string => sh(saveScript(record), text),
  };
}
const watching = (...paths: readonly string[]): Watch => ({
  work: "run",
  items: paths.map(one => ({ path: one })),
});
const changed = (watch: Watch, looked: Looked): readonly string[] => [...dueOf(watch, looked).paths];

test("nothing noted is all due; what is noted is not, until it is written, moded or gone", t => {
  const { at, look, save } = stage(t);
  const names = ["plain", "with space ", "quote's", "absent", "folder"].map(at);
  const [plain = "", spaced = "", quoted = "", absent = "", folder = ""] = names;
  for (const name of [plain, spaced, quoted]) writeFileSync(name, "1");
  mkdirSync(folder);
  const watch = watching(...names);
  assert.deepEqual(changed(watch, look(watch)), names);
  save(recordText([watch], look(watch)));
  assert.equal(isDue(dueOf(watch, look(watch))), false);
  writeFileSync(path.join(folder, "x"), "");
  assert.deepEqual(changed(watch, look(watch)), [], "what is in a folder is not the folder");
  writeFileSync(`${plain}.new`, "1");
  renameSync(`${plain}.new`, plain);
  chmodSync(quoted, 0o600);
  rmSync(spaced);
  writeFileSync(absent, "");
  chmodSync(folder, 0o700);
  assert.deepEqual(changed(watch, look(watch)), names, "equal content counts as well");
});

test("a file that left the list is due once, when it changes", t => {
  const { at, look, save } = stage(t);
  writeFileSync(at("a"), "");
  writeFileSync(at("b"), "");
  const one = watching(at("a"));
  save(recordText([one], look(watching(at("a"), at("b"))), [at("b")]));
  assert.deepEqual(formerChanges([one], look(one)), []);
  rmSync(at("b"));
  assert.deepEqual(formerChanges([one], look(one)), [at("b")]);
  save(recordText([one], look(one)));
  assert.deepEqual(formerChanges([one], look(one)), []);
});

const plainValue: fc.Arbitrary<Plain> = fc.jsonValue().map(value => value as Plain);

test("any values that are noted are not due, in whatever order their keys come, and others are", () => {
  const noted = (watch: Watch): Looked =>
    parseLook(`${recordText([watch], { record: undefined, now: new Map() })}now\n`);
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
  fc.assert(
    fc.property(fc.nat(200), cut => {
      const watch = watching("/a", "/b");
      const stamps = new Map([
        ["/a", "81a4 1.2.3 0.0"],
        ["/b", "81a4 1.2.4 0.0"],
      ]);
      const whole = recordText([watch], { record: undefined, now: stamps });
      const now = "now\n81a4 1.2.3 0.0 /a\n81a4 1.2.4 0.0 /b\n";
      const part = whole.slice(0, cut);
      const said = dueOf(
        watch,
        parseLook(part.length > 0 && !part.endsWith("\n") ? `${part}\n${now}` : `${part}${now}`),
      );
      assert.equal(isDue(said), part.length < whole.length - 1);
    }),
  );
});
