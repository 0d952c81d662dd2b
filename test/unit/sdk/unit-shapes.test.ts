/** What units, handlers, timers and cron jobs may be: mistakes are told by property, before anything runs. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { CRON_JOB, scheduleProblem } from "../../../src/sdk/shapes/cron.ts";
import { HANDLER, handlerMistakes } from "../../../src/sdk/shapes/handler.ts";
import { flawsOf, type Shape } from "../../../src/sdk/shapes/shape.ts";
import { TIMER } from "../../../src/sdk/shapes/timer.ts";
import { UNIT, unitMistakes, unitName } from "../../../src/sdk/shapes/unit.ts";

const never = (): boolean => false;
const flaws = (shape: Shape, given: Readonly<Record<string, unknown>>): readonly string[] =>
  flawsOf(shape, given, never).map(({ at, reason }) => `${at} ${reason}`);

/** A number of a field, or a range or step of it, as cron takes it. */
function part(least: number, most: number): fc.Arbitrary<string> {
  const number = fc.integer({ min: least, max: most });
  const range = fc.tuple(number, number).map(ends => ends.toSorted((a, b) => a - b).join("-"));
  const step = fc.integer({ min: 1, max: most - least }).map(size => `*/${size}`);
  return fc.oneof(number.map(String), range, step, fc.constant("*"));
}
const field = (least: number, most: number): fc.Arbitrary<string> =>
  fc.array(part(least, most), { minLength: 1, maxLength: 4 }).map(parts => parts.join(","));
const fields = [field(0, 59), field(0, 23), field(1, 28), field(1, 12), field(0, 7)] as const;

test("every schedule of numbers, ranges, steps and lists is fine", () => {
  fc.assert(
    fc.property(fc.tuple(...fields), parts => {
      assert.equal(scheduleProblem(parts.join(" ")), undefined);
      assert.equal(scheduleProblem(parts.join("\t ")), undefined);
    }),
  );
});

test("a number outside of its field is never fine, wherever it stands", () => {
  const most = [59, 23, 31, 12, 7];
  fc.assert(
    fc.property(fc.tuple(...fields), fc.nat(4), fc.integer({ min: 1, max: 1000 }), (parts, at, more) => {
      const wrong = (most[at] ?? 0) + more;
      const schedule = parts.map((text, index) => (index === at ? `${text},${wrong}` : text)).join(" ");
      assert.match(scheduleProblem(schedule) ?? "", /is not \d+ to \d+/);
    }),
  );
});

test("any text is judged in a moment and without an exception", () => {
  const words = fc.array(fc.constantFrom("*", "/", "-", ",", " ", "0", "59", "mon", "@", "\t", "\n"), {
    maxLength: 200,
  });
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        words.map(all => all.join("")),
      ),
      text => void scheduleProblem(text),
    ),
  );
});

test("names and nicknames are cron's", () => {
  for (const fine of [
    "@daily",
    "@reboot",
    "0 0 * jan-mar,DEC mon-fri",
    "0 0 30 4 *",
    "0 0 29 2 *",
    "0 0 31 2 fri",
    "0 0 31 2,3 *",
  ])
    assert.equal(scheduleProblem(fine), undefined, fine);
});

test("what cron would refuse, or silently never run, is told", () => {
  const wrong: readonly (readonly [string, RegExp])[] = [
    ["", /five fields.*has 0/],
    ["* * * *", /five fields.*has 4/],
    ["* * * * * *", /five fields.*has 6/],
    [" * * * * *", /five fields/],
    ["@fortnightly", /must be one of @reboot/],
    ["60 * * * *", /^minute: "60" is not 0 to 59/],
    ["* 24 * * *", /^hour/],
    ["* * 0 * *", /^day of the month/],
    ["* * * monday *", /^month: "monday" is not 1 to 12 or jan to dec/],
    ["* * * * fri-mon", /^day of the week: the range fri-mon runs backwards/],
    ["* * * * sat-sun", /runs backwards/],
    ["5/10 * * * *", /a step comes after \* or a range/],
    ["*/0 * * * *", /is not a step/],
    ["*/90 * * * *", /longer than what it steps through/],
    ["*/5/5 * * * *", /two steps/],
    ["1--2 * * * *", /is not 0 to 59/],
    ["1,,2 * * * *", /is not 0 to 59/],
    ["-1 * * * *", /is not 0 to 59/],
    ["0 0 31 2 *", /never comes: month 2 has no day 31/],
    ["0 0 31 apr,6 *", /never comes/],
  ];
  for (const [schedule, reason] of wrong) assert.match(scheduleProblem(schedule) ?? "fine", reason, schedule);
});

const JOB = { name: "job", schedule: "@daily", user: "root", command: "true" };

test("a cron job's file and line are what cron reads", () => {
  assert.deepEqual(flaws(CRON_JOB, { ...JOB, environment: { A: "x", MAILTO: "" } }), []);
  assert.match(flaws(CRON_JOB, { ...JOB, name: "a.b" })[0] ?? "", /^name must be a file name/);
  assert.match(flaws(CRON_JOB, { ...JOB, command: "a\nb" })[0] ?? "", /^command must be one line/);
  assert.match(flaws(CRON_JOB, { ...JOB, command: " a" })[0] ?? "", /^command must not begin/);
  assert.match(flaws(CRON_JOB, { ...JOB, command: "%".repeat(500) })[0] ?? "", /^command is longer/);
  assert.match(flaws(CRON_JOB, { ...JOB, environment: { LOGNAME: "x" } })[0] ?? "", /^environment\.LOGNAME/);
  assert.match(flaws(CRON_JOB, { ...JOB, environment: { CRON_TZ: "UTC" } })[0] ?? "", /would be ignored/);
  assert.match(flaws(CRON_JOB, { ...JOB, environment: { A: `"'` } })[0] ?? "", /both kinds of quotes/);
  assert.match(flaws(CRON_JOB, { ...JOB, user: "a b" })[0] ?? "", /^user must be a name/);
});

test("a unit's name has a suffix of systemd's and no folder", () => {
  const names = [
    "app.service",
    "a-b_c.d:e.timer",
    "app@.service",
    "app@1.service",
    "app@a-b\\x2d.socket",
    "-.mount",
  ];
  for (const name of names) assert.deepEqual(unitName(name, never), [], name);
  const wrong = [
    "app",
    "app.Service",
    "a/b.service",
    "../x.service",
    "a b.service",
    "app.scope",
    ".service",
    "x\n.service",
    "a@b@.service ",
    `${"x".repeat(250)}.service`,
  ];
  for (const name of wrong) assert.notDeepEqual(unitName(name, never), [], name);
});

test("what contradicts itself in a unit is told by property", () => {
  const said = (given: Readonly<Record<string, unknown>>): string =>
    [
      ...flaws(UNIT, { name: "app.service", ...given }),
      ...unitMistakes({ name: "app.service", ...given }).map(words => words.join(" ")),
    ].join("\n");
  assert.equal(said({ content: "[Service]\n[Install]\n", enabled: true, running: true }), "");
  assert.match(said({ content: "[Service]\n", enabled: true }), /^enabled .*\[Install\]/);
  assert.match(said({ content: " \n" }), /^content must be the text of a unit/);
  assert.match(said({ dropIns: { "a/b.conf": "[Service]\n" } }), /^dropIns.a\/b\.conf must be/);
  assert.match(said({ dropIns: { limits: "[Service]\n" } }), /ends with \.conf/);
  assert.match(said({ masked: true, content: "[Service]\n" }), /^masked and content exclude each other/);
  assert.match(said({ masked: true, running: true }), /^running cannot be true/);
  assert.match(said({ name: "app@.service", running: true }), /its instances run, such as app@1\.service/);
  assert.match(said({ running: false, restartOn: [] }), /^running is false/);
  assert.match(said({ health: { stable: 1 } }), /^health\.stable is not known here/);
  assert.match(said({ health: { within: 0 } }), /^health\.within must be a whole number/);
});

test("a handler does one thing, for something", () => {
  const when = [{ path: "/etc/motd", state: "x" }, { value: 1 }];
  assert.deepEqual(flaws(HANDLER, { name: "h", when, reload: "nginx.service" }), []);
  assert.match(
    flaws(HANDLER, { name: "h", when: [{ path: "etc" }], command: "x" })[0] ?? "",
    /^when\[0\]\.path must be absolute/,
  );
  assert.match(flaws(HANDLER, { name: "h", when: [{ path: "/a\nb" }], command: "x" })[0] ?? "", /line break/);
  assert.match(
    flaws(HANDLER, { name: "h", when, reload: "nginx" })[0] ?? "",
    /^reload must be a unit's name/,
  );
  assert.deepEqual(handlerMistakes({ when, command: "x" }), []);
  assert.match(handlerMistakes({ when })[0]?.join(" ") ?? "", /^reload is missing/);
  assert.match(
    handlerMistakes({ when, reload: "a.service", command: "x" })[0]?.join(" ") ?? "",
    /^command and reload/,
  );
  assert.match(handlerMistakes({ when: [], command: "x" })[0]?.join(" ") ?? "", /^when is empty/);
});

test("a timer has a time", () => {
  assert.deepEqual(
    flaws(TIMER, { name: "t", schedule: ["daily"], command: "a\nb", randomizedDelay: "1h 30min" }),
    [],
  );
  assert.match(flaws(TIMER, { name: "t", schedule: [], command: "x" })[0] ?? "", /^schedule is empty/);
  assert.match(
    flaws(TIMER, { name: "t", schedule: "a\nb", command: "x" })[0] ?? "",
    /^schedule must be a calendar event/,
  );
  assert.match(
    flaws(TIMER, { name: "t.timer/x", schedule: "daily", command: "x" })[0] ?? "",
    /^name must be/,
  );
  assert.match(
    flaws(TIMER, { name: "t", schedule: "daily", command: "x", timeout: "soon" })[0] ?? "",
    /^timeout must be a time span/,
  );
});
