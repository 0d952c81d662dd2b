import assert from "node:assert/strict";
import { test } from "node:test";
import { keepHarmlessSettings } from "../../../src/program/npm-settings.ts";
import { packageToolEnvironment } from "../../../src/program/package-tool-environment.ts";

test("npm gets the way to its registry and none of the daemon's secrets", () => {
  const given = {
    PATH: "/bin",
    https_proxy: "http://proxy",
    NODE_EXTRA_CA_CERTS: "/ca.pem",
    npm_config_registry: "https://registry.example.org",
    npm_config_ignore_scripts: "false",
    SOPS_AGE_KEY: "secret",
    PULUMI_ACCESS_TOKEN: "secret",
    HOLDFAST_TOKEN: "secret",
  };
  assert.deepEqual(Object.keys(packageToolEnvironment(given)), [
    "PATH",
    "https_proxy",
    "NODE_EXTRA_CA_CERTS",
    "npm_config_registry",
  ]);
});

test("of a project's .npmrc only registries and the shape of the tree are taken over, and no login", () => {
  const npmrc = [
    "registry=https://registry.example.org",
    "@own:registry = https://own.example.org",
    "//own.example.org/:_authToken=${TOKEN}",
    "//own.example.org/:tokenHelper=/bin/evil",
    "legacy-peer-deps=true",
    "ignore-scripts=false",
    "script-shell=/bin/evil",
    "git=/bin/evil",
    "node-options=--require=./evil.js",
  ].join("\n");
  assert.deepEqual(keepHarmlessSettings(npmrc).split("\n"), [
    "registry=https://registry.example.org",
    "@own:registry = https://own.example.org",
    "legacy-peer-deps=true",
  ]);
});
