import assert from "node:assert/strict";
import { test } from "node:test";
import { isOutside } from "../../../../src/program/door/network-rule.ts";

const own = ["192.0.2.7", "2001:db8::7"];

for (const address of [
  "127.0.0.1",
  "127.8.9.10",
  "0.0.0.0",
  "::1",
  "::",
  "::ffff:127.0.0.1",
  "::127.0.0.1",
  "64:ff9b::7f00:1",
  "169.254.169.254",
  "::ffff:169.254.169.254",
  "fe80::1",
  "fd00:ec2::254",
  "224.0.0.1",
  "ff02::1",
  "192.0.2.7",
  "::ffff:192.0.2.7",
  "2001:db8::7",
  "localhost",
  "2130706433",
  "",
])
  test(`${address || "nothing"} is not outside`, () => assert.equal(isOutside(address, own), false));

for (const address of ["198.51.100.4", "10.0.0.8", "192.0.2.8", "2001:db8::8", "fd00::1"])
  test(`${address} is outside`, () => assert.equal(isOutside(address, own), true));
