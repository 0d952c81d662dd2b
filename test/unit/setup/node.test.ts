import assert from "node:assert/strict";
import { test } from "node:test";
import { cacheFolder } from "../../../src/pulumi/locate-memory.ts";
import { load } from "./setup-modules.ts";

const { isNewEnough } = await load("node.mjs");
const setup = await load("cache.mjs");

test("Node 24.15 is the oldest that will do", () => {
  for (const version of ["24.15.0", "24.21.0", "25.0.0", "26.1.2", "100.0.0"]) {
    assert.equal(isNewEnough(version), true, version);
  }
  for (const version of ["20.20.2", "22.21.0", "23.11.0", "24.2.0", "24.14.9"]) {
    assert.equal(isNewEnough(version), false, version);
  }
});

test("set-up and holdfast itself agree on the cache folder", () => {
  const environments = [
    { HOME: "/home/ada" },
    { HOME: "/home/ada", XDG_CACHE_HOME: "/var/cache/ada" },
    { HOME: "/home/ada", XDG_CACHE_HOME: "relative" },
    { HOME: "/home/ada", XDG_CACHE_HOME: "" },
  ];
  const expected = ["/home/ada/.cache", "/var/cache/ada", "/home/ada/.cache", "/home/ada/.cache"];
  assert.deepEqual(
    environments.map(env => setup.cacheFolder(env)),
    expected.map(folder => `${folder}/holdfast`),
  );
  assert.deepEqual(
    environments.map(env => cacheFolder(env)),
    expected.map(folder => `${folder}/holdfast`),
  );
});
