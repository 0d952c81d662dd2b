/** What a host answers, in any form: frames that come in pieces, and results that are none. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createFrameReader } from "../../../src/providers/connection/shell-loop.ts";
import { shellMachine } from "../../../src/providers/connection/shell-machine.ts";
import type { ShellPool } from "../../../src/providers/connection/shell-pool.ts";
import type { ShellAnswer } from "../../../src/providers/connection/remote-shell.ts";
import { done, trouble } from "../../../src/providers/outcome.ts";
import { fuzzing } from "../../support/fuzz.ts";

const MARK = "0123456789abcdef";
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 200 }).map(all => Buffer.from(all)),
  fc.constantFrom(
    ...["", "\n", MARK, `\n${MARK}`, `\n${MARK} 0`, "\n0123", `${MARK}\n`].map(text => Buffer.from(text)),
  ),
);

/** Cut at these places, as a stream may come. */
function pieces(whole: Buffer, cuts: readonly number[]): Buffer[] {
  const at = [0, ...cuts.map(cut => cut % (whole.length + 1)).sort((a, b) => a - b), whole.length];
  return at.slice(1).map((end, index) => whole.subarray(at[index], end));
}

test("an answer is the bytes before its mark, in whatever pieces it comes", () => {
  fc.assert(
    fc.property(bytes, fc.nat(255), fc.array(fc.nat(400), { maxLength: 6 }), (content, code, cuts) => {
      const reader = createFrameReader(MARK, 1000);
      const whole = Buffer.concat([content, Buffer.from(`\n${MARK} ${code}\n`)]);
      for (const piece of pieces(whole, cuts)) assert.ok(reader.push(piece));
      const taken = reader.taken();
      assert.deepEqual(taken?.bytes, content);
      assert.equal(taken.rest, String(code));
    }),
    fuzzing(),
  );
});

test("a host that says anything at all is never waited for with more than was allowed", () => {
  fc.assert(
    fc.property(fc.array(bytes), fc.nat(300), (chunks, most) => {
      const reader = createFrameReader(MARK, most);
      let size = 0;
      for (const chunk of chunks) {
        size += chunk.length;
        if (!reader.push(chunk)) break;
      }
      assert.ok(size <= most + MARK.length + 17 + 200);
      reader.taken();
    }),
    fuzzing(),
  );
});

const line = fc.oneof(
  fc.constantFrom(
    "81a4:0:0:5:root:root\n",
    "41ed:1:2:0:UNKNOWN:UNKNOWN\n",
    "a1ff:0:0:3:a:b\n",
    "ffffffffff:9:9:9:a:b\n",
  ),
  fc
    .tuple(fc.nat(), fc.bigInt({ min: 0n }), fc.string())
    .map(([mode, uid, who]) => `${mode.toString(16)}:${uid}:0:5:${who}:g\n`),
  fc.string(),
);
const stderr = fc.oneof(
  fc.constantFrom(
    "",
    "stat: cannot stat 'x': No such file or directory",
    "Permission denied",
    "sudo: a password is required",
  ),
  fc.string({ unit: "binary" }),
);
const answer: fc.Arbitrary<ShellAnswer> = fc.record({
  code: fc.constantFrom(0, 1, 2, 13, 44, 45, 126, 127, 255, -1),
  stdout: fc.tuple(line, bytes).map(([head, rest]) => Buffer.concat([Buffer.from(head), rest])),
  stderr,
});

test("an answer of any form is a result, or trouble with the host's and the file's names", async () => {
  const never = new AbortController().signal;
  await fc.assert(
    fc.asyncProperty(fc.option(answer), async given => {
      const run: ShellPool["run"] = async () =>
        given ? done(given) : trouble("unreachable", "frodo: no route");
      const pool = { run, look: run, askAnew: () => undefined, close: async () => undefined };
      const machine = shellMachine("frodo", pool, 1000);
      const attributes = { mode: 0o644, newMode: 0o644, owner: "root", group: "root" };
      const outcomes = [
        await machine.read("/etc/motd", 100, never),
        await machine.write("/etc/motd", Buffer.from("x"), attributes, never),
        await machine.makeDirectory("/etc/motd", 0o755, never),
        await machine.setAttributes("/etc/motd", attributes, never),
        await machine.removeFile("/etc/motd", never),
        await machine.removeDirectory("/etc/motd", never),
      ];
      for (const outcome of outcomes)
        if (!outcome.ok) {
          const { message } = outcome.trouble;
          assert.ok(message.includes("frodo") && message.length < 10_000, message);
        }
      const [read] = outcomes;
      if (read?.ok && read.value !== undefined && given === null) assert.fail("nobody answered");
    }),
    fuzzing(),
  );
});
