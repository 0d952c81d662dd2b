import assert from "node:assert/strict";
import { test } from "node:test";
import { checkConnection, hostOf, parseConnection } from "../../../../src/providers/connection/spec.ts";
import { UNKNOWN, type Plain } from "../../../../src/providers/grpc/value.ts";

const problems = (given: Plain | undefined): string[] =>
  checkConnection(given).problems.map(({ property, reason }) => `${property}: ${reason}`);

test("texts become one canonical object", () => {
  assert.deepEqual(checkConnection("ssh://deploy@frodo.example.org:2222?sudo=true").canonical, {
    host: "frodo.example.org",
    port: 2222,
    user: "deploy",
    sudo: true,
  });
  assert.deepEqual(checkConnection("ssh://[fe80::1]").canonical, { host: "fe80::1" });
  assert.deepEqual(checkConnection("local:./sandbox/frodo").canonical, {
    local: true,
    root: "./sandbox/frodo",
  });
  assert.deepEqual(checkConnection("ssh://frodo?hostKey=trust-first").canonical, {
    host: "frodo",
    hostKey: "trust-first",
  });
  assert.deepEqual(checkConnection({ local: true }).canonical, { local: true, root: "/" });
  assert.deepEqual(checkConnection({ host: "a", sudo: false }).canonical, { host: "a" });
});

const wrongOnes: [Plain | undefined, RegExp][] = [
  [undefined, /^connection: missing/],
  ["frodo", /^connection: cannot be read/],
  ["ssh://", /^connection.host: must be a text/],
  ["ssh://user:password@frodo", /^connection: holds a password/],
  ["ssh://frodo/etc", /^connection: has a path/],
  ["ssh://frodo?sudo=maybe", /^connection: sudo/],
  ["ssh://frodo?proxyCommand=x", /^connection: has the parameter proxyCommand/],
  [{ host: "-oProxyCommand=touch /tmp/x" }, /^connection.host: is not a host/],
  [{ host: "a", user: "-x" }, /^connection.user/],
  [{ host: "a", port: 70000 }, /^connection.port/],
  [{ host: "a", port: "22" }, /^connection.port/],
  [{ host: "a", hots: "b" }, /^connection.hots: is not known/],
  [{ host: "a", hostKey: "nonsense" }, /^connection.hostKey/],
  [{ host: "a", identityFile: "x", privateKey: "y" }, /^connection.privateKey: give either/],
  [{ host: "a", knownHostsFile: "x\ny" }, /^connection.knownHostsFile: must be a single line/],
  [{ host: "a", knownHostsFile: 'x" y' }, /^connection.knownHostsFile: must not hold quotes/],
  [{ local: false }, /^connection.local/],
  [{ local: true, root: "" }, /^connection.root/],
  [{ local: true, host: "a" }, /^connection.host: is not known/],
];

for (const [given, expected] of wrongOnes)
  test(`told at its property: ${JSON.stringify(given) ?? "nothing"}`, () => {
    assert.match(problems(given).join("\n"), expected);
    assert.equal(parseConnection(given), undefined);
  });

test("what is unknown in a preview is no mistake, and no connection yet", () => {
  assert.deepEqual(problems({ host: UNKNOWN, port: UNKNOWN, privateKey: UNKNOWN }), []);
  assert.deepEqual(problems(UNKNOWN), []);
  assert.equal(parseConnection({ host: "a", port: UNKNOWN }), undefined);
});

test("another user, port or key is the same host; another name or root is not", () => {
  assert.equal(
    hostOf({ host: "a", user: "x", privateKey: "1" }),
    hostOf({ host: "a", port: 22, privateKey: "2" }),
  );
  assert.notEqual(hostOf({ host: "a" }), hostOf({ host: "b" }));
  assert.notEqual(hostOf({ local: true, root: "a" }), hostOf({ local: true, root: "b" }));
});
