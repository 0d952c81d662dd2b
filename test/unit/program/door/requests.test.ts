import assert from "node:assert/strict";
import { test } from "node:test";
import { readRequest } from "../../../../src/program/door/requests.ts";

test("the three requests are read", () => {
  assert.deepEqual(readRequest('{"ask":"listen"}'), { ask: "listen" });
  assert.deepEqual(readRequest('{"ask":"lookup","host":"example.org"}'), {
    ask: "lookup",
    host: "example.org",
  });
  const connect = { ask: "connect", target: { host: "::1", port: 443 } };
  assert.deepEqual(readRequest('{"ask":"connect","host":"::1","port":443,"path":"/x"}'), connect);
});

for (const line of [
  "",
  "{",
  "null",
  "[]",
  '"listen"',
  '{"ask":"open"}',
  '{"ask":"lookup"}',
  '{"ask":"lookup","host":"a b"}',
  '{"ask":"lookup","host":"a/../b"}',
  `{"ask":"lookup","host":"${"a".repeat(254)}"}`,
  '{"ask":"connect","host":"example.org"}',
  '{"ask":"connect","host":"example.org","port":"443"}',
  '{"ask":"connect","host":"example.org","port":0}',
  '{"ask":"connect","host":"example.org","port":65536}',
  '{"ask":"connect","host":"example.org","port":1.5}',
])
  test(`${line.slice(0, 60) || "nothing"} is no request`, () => assert.equal(readRequest(line), undefined));
