import assert from "node:assert/strict";
import { test } from "node:test";
import { captureOutput } from "../../../src/program/captured-output.ts";

test("short output is kept as it is", () => {
  const captured = captureOutput();
  captured.push(Buffer.from("one\n"));
  captured.push(Buffer.from("two\n"));
  assert.equal(captured.text(), "one\ntwo\n");
});

test("of long output the beginning and the end are kept, and the gap is counted", () => {
  const captured = captureOutput();
  const total = 100 * 1024 * 1024;
  const chunk = Buffer.alloc(1024 * 1024, "x");
  captured.push(Buffer.from("begin"));
  for (let sent = 0; sent < total; sent += chunk.length) captured.push(chunk);
  captured.push(Buffer.from("end"));
  const text = captured.text();
  assert.match(text, /^begin/);
  assert.match(text, /end$/);
  assert.match(text, new RegExp(`… ${total + 8 - 256 * 1024} bytes left out …`));
  assert.ok(text.length < 257 * 1024);
});
