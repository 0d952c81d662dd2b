/** Texts of timers and cron jobs: what is written is read back as it was meant. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { cronText, parseCronText } from "../../../../../src/providers/host/services/cron-text.ts";
import {
  parseTimer,
  serviceText,
  timerText,
  type TimerInputs,
} from "../../../../../src/providers/host/services/timer-text.ts";

const line = fc
  .string({ minLength: 1, unit: fc.constantFrom(..."ab %\\$\"'`{}/.;-*") })
  .filter(text => text.trim() === text);
const TIMER: TimerInputs = {
  name: "t",
  schedule: ["daily"],
  command: "true",
  environment: new Map(),
  persistent: false,
  enabled: true,
};

test("any command of a timer comes back", () => {
  const command = fc.array(line, { minLength: 1 }).map(lines => lines.join("\n"));
  fc.assert(
    fc.property(command, given => {
      const inputs = { ...TIMER, command: given };
      assert.equal(parseTimer("t", serviceText(inputs), timerText(inputs))?.command, given);
    }),
  );
});

test("any command and environment of a cron job come back", () => {
  const value = line.filter(text => !(text.includes('"') && text.includes("'")));
  const names = fc.stringMatching(/^[A-Z_][A-Z0-9_]{0,8}$/);
  fc.assert(
    fc.property(line, fc.dictionary(names, value), (command, environment) => {
      const job = {
        name: "j",
        schedule: "1 2 * * mon",
        user: "root",
        command,
        environment: new Map(Object.entries(environment)),
      };
      const { name: _name, ...rest } = job;
      assert.deepEqual(parseCronText(cronText(job)), rest);
    }),
  );
});

test("units and files that say more than a timer or a job are not taken for one", () => {
  const [service, timer] = [serviceText(TIMER), timerText(TIMER)];
  assert.ok(parseTimer("t", service, timer));
  assert.equal(parseTimer("t", `${service}Nice=5\n`, timer), undefined);
  assert.equal(parseTimer("t", `${service}ExecStart=/bin/false\n`, timer), undefined);
  assert.equal(parseTimer("t", service, `${timer}[Timer]\nOnBootSec=1\n`), undefined);
  assert.equal(parseTimer("t", service.replace(/ExecStart=.*/, "ExecStart=-/bin/x"), timer), undefined);
  assert.equal(
    parseTimer("t", service.replace(/ExecStart=.*/, "ExecStart=/bin/x --all y"), timer)?.command,
    "/bin/x --all y",
  );
  assert.equal(parseCronText("* * * * * root true\n* * * * * root false\n"), undefined);
  assert.equal(parseCronText("* * * * * root cat%hello\n"), undefined);
  assert.equal(parseCronText("# nothing\n"), undefined);
  assert.equal(parseCronText("A = b c\n@daily\troot\ttrue # 5\\%\n")?.command, "true # 5%");
});
