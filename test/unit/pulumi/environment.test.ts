import assert from "node:assert/strict";
import { test } from "node:test";
import { environmentOf, type EnvironmentParts } from "../../../src/pulumi/environment.ts";

const parts = (env: Readonly<Record<string, string>> = {}): EnvironmentParts => ({
  context: {
    state: { url: "http://127.0.0.1:1", token: "token-of-the-run", organization: "organization" },
    providers: { attach: "holdfast:2" },
    program: { folder: "/p", sdk: "/sdk", pathEntries: ["/sdk"], plugins: [] },
    env,
  },
  home: "/home-of-the-cli",
  credentials: "/run/x",
  workerPort: 3,
  runtime: "nodejs",
  path: ["/node"],
  base: { HOME: "/home/holdfast" },
});

test("nothing of our own environment is inherited", () => {
  process.env["PULUMI_TEST_OF_INHERITANCE"] = "1";
  try {
    const names = Object.keys(environmentOf(parts()));
    assert.ok(!names.includes("PULUMI_TEST_OF_INHERITANCE"));
  } finally {
    delete process.env["PULUMI_TEST_OF_INHERITANCE"];
  }
});

test("the CLI is pointed at the run's state, worker and providers", () => {
  const env = environmentOf(parts());
  assert.equal(env["PULUMI_BACKEND_URL"], "http://127.0.0.1:1");
  assert.equal(env["PULUMI_ACCESS_TOKEN"], "token-of-the-run");
  assert.equal(env["PULUMI_DEBUG_LANGUAGES"], "nodejs:3");
  assert.equal(env["PULUMI_DEBUG_PROVIDERS"], "holdfast:2");
  assert.equal(env["PULUMI_HOME"], "/home-of-the-cli");
  assert.equal(env["HOME"], "/home/holdfast");
  assert.match(env["PATH"] ?? "", /^\/node:\/sdk:/);
});

test("where programs have boxes, holdfast's own script is found first, and its socket is ours to name", () => {
  const dynamicProviders = { path: "/ours", env: { HOLDFAST_DYNAMIC_PROVIDERS: "/run/d" } };
  const env = environmentOf({ ...parts({ HOLDFAST_DYNAMIC_PROVIDERS: "/evil" }), dynamicProviders });
  assert.match(env["PATH"] ?? "", /^\/ours:\/node:/);
  assert.equal(env["HOLDFAST_DYNAMIC_PROVIDERS"], "/run/d");
});

test("an operation without a program has no language to attach to", () => {
  assert.equal(environmentOf({ ...parts(), workerPort: undefined })["PULUMI_DEBUG_LANGUAGES"], undefined);
});

test("a runtime that workers don't run is left to its language host", () => {
  assert.equal(environmentOf({ ...parts(), runtime: "yaml" })["PULUMI_DEBUG_LANGUAGES"], undefined);
});

test("a stack without plugins runs many steps at a time, unless it says otherwise", () => {
  const { context } = parts();
  const program = { ...context.program, plugins: ["kubernetes"] };
  assert.equal(environmentOf(parts())["PULUMI_PARALLEL"], "64");
  assert.equal(environmentOf(parts({ PULUMI_PARALLEL: "4" }))["PULUMI_PARALLEL"], "4");
  assert.equal(environmentOf({ ...parts(), context: { ...context, program } })["PULUMI_PARALLEL"], undefined);
  assert.equal(environmentOf({ ...parts(), context: { ...context, program } })["GOGC"], undefined);
  assert.equal(environmentOf({ ...parts(), runtime: "yaml" })["GOGC"], undefined);
});

test("a CLI with little to hold collects no garbage below a limit, where it is known what it holds", () => {
  const collecting = (resources?: number) => {
    const { GOGC, GOMEMLIMIT } = environmentOf({
      ...parts(),
      context: { ...parts().context, ...(resources !== undefined && { resources }) },
    });
    return { GOGC, GOMEMLIMIT };
  };
  const limited = { GOGC: "off", GOMEMLIMIT: "256MiB" };
  const growing = { GOGC: "400", GOMEMLIMIT: undefined };
  assert.deepEqual([1, 1_000].map(collecting), [limited, limited]);
  // A first deploy may make any number.
  assert.deepEqual([undefined, 0, 1_001].map(collecting), [growing, growing, growing]);
});

test("a stack's own settings are added, and can't move the CLI elsewhere", () => {
  const env = environmentOf(
    parts({
      KUBECONFIG: "/etc/k",
      PULUMI_BACKEND_URL: "https://elsewhere.example",
      PULUMI_ACCESS_TOKEN: "x",
      PULUMI_HOME: "/tmp/x",
      PULUMI_SKIP_UPDATE_CHECK: "false",
      PATH: "/evil",
      LD_PRELOAD: "/evil.so",
    }),
  );
  assert.equal(env["KUBECONFIG"], "/etc/k");
  assert.equal(env["PULUMI_BACKEND_URL"], "http://127.0.0.1:1");
  assert.equal(env["PULUMI_ACCESS_TOKEN"], "token-of-the-run");
  assert.equal(env["PULUMI_HOME"], "/home-of-the-cli");
  assert.equal(env["PULUMI_SKIP_UPDATE_CHECK"], "true");
  assert.equal(env["LD_PRELOAD"], undefined);
  assert.doesNotMatch(env["PATH"] ?? "", /evil/);
});

test("the engine goes by inputs alone only where the state holds nothing that may see more than that", () => {
  const withOnlyOwn = (onlyOwn: boolean): EnvironmentParts => ({
    ...parts(),
    context: { ...parts().context, onlyOwn },
  });
  assert.equal(environmentOf(withOnlyOwn(true))["PULUMI_ENABLE_LEGACY_DIFF"], "true");
  assert.equal(environmentOf(withOnlyOwn(false))["PULUMI_ENABLE_LEGACY_DIFF"], undefined);
  assert.equal(environmentOf(parts())["PULUMI_ENABLE_LEGACY_DIFF"], undefined);
});
