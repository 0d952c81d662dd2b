import assert from "node:assert/strict";
import { test } from "node:test";
import { engineOf, readProviderRequest, toldOf } from "../../../src/program/dynamic/provider-request.ts";

const env = { PULUMI_CONFIG: "{}", PULUMI_RUNTIME_TYPESCRIPT: "true" };
const good = { engine: "127.0.0.1:4000", cwd: "/checkout/app", env };

test("of the CLI's environment the provider gets what is meant for it", () => {
  const all = {
    ...env,
    PULUMI_ACCESS_TOKEN: "t",
    PULUMI_PROJECT: "p",
    PATH: "/x",
    PULUMI_RUNTIME_: "",
    NODE_OPTIONS: "-r x",
  };
  assert.deepEqual(toldOf(all), { ...env, PULUMI_PROJECT: "p" });
  assert.deepEqual(readProviderRequest(JSON.stringify({ ...good, env: all })), {
    ...good,
    env: { ...env, PULUMI_PROJECT: "p" },
  });
});

test("the engine's address is found among the flags of a CLI that logs", () => {
  assert.equal(engineOf(["--logtostderr", "-v=9", "127.0.0.1:4000"]), "127.0.0.1:4000");
  assert.equal(engineOf(["10.0.0.1:4000", "127.0.0.1:4000/x"]), "");
});

test("what is no request is none", () => {
  const lines = [
    "",
    "null",
    "[]",
    "{",
    ...[
      { ...good, engine: "10.0.0.1:4000" },
      { ...good, engine: "127.0.0.1:4000@evil" },
      { ...good, cwd: "relative" },
      { ...good, cwd: "/a\0b" },
      { ...good, env: { PULUMI_CONFIG: 1 } },
      { ...good, env: null },
      { engine: good.engine, cwd: good.cwd },
    ].map(value => JSON.stringify(value)),
  ];
  for (const line of lines) assert.equal(readProviderRequest(line), undefined, line);
});
