/** Names, retention, schedule: what is decided before anything is done. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { backupName, newestFirst, parseBackupName, type BackupName } from "../../../src/backup/name.ts";
import { removable } from "../../../src/backup/retention.ts";
import { nextBackup } from "../../../src/backup/schedule.ts";
import { parseTarget } from "../../../src/backup/target.ts";

const DAY = 86_400_000;
const NOW = Date.UTC(2026, 10, 21, 12);
const at = (time: number): BackupName => ({ name: `b-${time}`, at: time, occasion: "scheduled" });

test("a name says when and why, and reads back", () => {
  const time = Date.UTC(2026, 0, 2, 3, 4, 5);
  const name = backupName(time, "destructive", "0a1b2c3d");
  assert.equal(name, "holdfast-20260102-030405-destructive-0a1b2c3d.tar.zst.age");
  assert.deepEqual(parseBackupName(name), { name, at: time, occasion: "destructive" });
  for (const other of [
    "notes.txt",
    `.partial-${name}`,
    `${name}.bak`,
    name.replace("destructive", "other"),
    "",
  ])
    assert.equal(parseBackupName(other), undefined, other);
});

test("the newest are kept, and the last of each day", () => {
  const hours = Array.from({ length: 24 * 40 }, (_, hour) => at(NOW - hour * 3_600_000));
  const gone = new Set(removable(hours, { newest: 24, days: 30 }, NOW));
  const kept = hours.filter(one => !gone.has(one));
  assert.ok(hours.slice(0, 24).every(one => !gone.has(one)));
  assert.equal(new Set(kept.map(one => Math.floor(one.at / DAY))).size, 30);
  // 24 hours lie on two days, whose last ones are the noon of today and 23:00 of yesterday: both among them.
  assert.equal(kept.length, 24 + 28);
});

test("whatever is asked for, the newest stays, and nothing goes that the rules keep", () => {
  const times = fc.array(fc.integer({ min: NOW - 100 * DAY, max: NOW + DAY }), {
    minLength: 1,
    maxLength: 60,
  });
  fc.assert(
    fc.property(
      times,
      fc.integer({ min: 0, max: 50 }),
      fc.integer({ min: 0, max: 60 }),
      (list, newest, days) => {
        const all = list.map((time, index) => ({ ...at(time), name: `b-${index}` }));
        const gone = removable(all, { newest, days }, NOW);
        const sorted = newestFirst(all);
        assert.ok(sorted[0] && !gone.includes(sorted[0]));
        assert.ok(sorted.slice(0, newest).every(one => !gone.includes(one)));
        assert.ok(all.length - gone.length <= Math.max(1, newest) + days + 1);
      },
    ),
  );
});

test("one is due at once where none was made, then by the interval; a failure is tried again later each time", () => {
  const every = 3_600_000;
  assert.equal(nextBackup({ every, failures: 0 }), 0);
  assert.equal(nextBackup({ every, failures: 0, lastGood: NOW }), NOW + every);
  const failed = (failures: number): number =>
    nextBackup({ every, failures, lastGood: NOW - every, lastFailure: NOW }) - NOW;
  assert.deepEqual([failed(1), failed(2), failed(3)], [60_000, 120_000, 240_000]);
  assert.equal(failed(50), every, "never longer than the interval");
});

test("targets as people write them", () => {
  assert.deepEqual(parseTarget("git"), { kind: "git" });
  assert.deepEqual(parseTarget("s3://acme-backups"), { kind: "s3", bucket: "acme-backups", prefix: "" });
  assert.deepEqual(parseTarget("s3://acme/a/b/"), { kind: "s3", bucket: "acme", prefix: "a/b" });
  assert.deepEqual(parseTarget("/mnt/b"), { kind: "folder", folder: "/mnt/b" });
  for (const wrong of ["", "s3://", "s3://UPPER", "ftp://host/x"])
    assert.equal(parseTarget(wrong), undefined, wrong);
});
