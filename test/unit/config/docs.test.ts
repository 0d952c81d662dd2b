/** docs/repositories.md: its examples are read by the real readers, and no setting is missing in it. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { readDaemonSettings } from "../../../src/config/daemon.ts";
import { settingsJsonSchema } from "../../../src/config/daemon-schema.ts";
import { createEstateReader } from "../../../src/config/estate-reader.ts";
import { holdfastJsonSchema } from "../../../src/config/holdfast-schema.ts";
import { makeTree } from "../../support/tree.ts";
import { PROJECTS } from "./reading.ts";

const text = readFileSync(path.resolve(import.meta.dirname, "../../../docs/repositories.md"), "utf8");
const examples = [...text.matchAll(/```yaml\n# (\S+)\n([^`]*)```/g)].map(([, name = "", body = ""]) => ({
  name,
  body,
}));

test("the examples are there", () => {
  assert.deepEqual(
    examples.map(({ name }) => name),
    ["holdfast.yaml", "holdfast.yaml", "holdfast.yaml", "settings.yaml"],
  );
});

for (const [index, { name, body }] of examples.entries()) {
  test(`example ${index + 1} (${name}) is read without a problem`, async context => {
    if (name === "holdfast.yaml") {
      const result = await createEstateReader().read(
        makeTree(context, { ...PROJECTS, "hosts/frodo/files/etc/motd": "hello\n", "holdfast.yaml": body }),
      );
      assert.ok(result.ok, JSON.stringify(result));
      assert.ok(result.value.stacks.every(({ settings }) => settings.managed));
      return;
    }
    const data = makeTree(context, {
      "settings.yaml": body,
      "hook-secret": "x",
      "git-token": "y",
      "deploy-key": "k",
      "known-hosts": "h",
    });
    const input = { flags: { data }, env: {}, cwd: data, home: data, uid: 1000, cpus: 2 };
    const result = await readDaemonSettings(input);
    assert.ok(result.ok, JSON.stringify(result));
    assert.equal(result.value.credentials[0]?.username, "holdfast");
  });
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;

/** Names of all settings in a JSON Schema, at any depth. */
function namesIn(schema: unknown): string[] {
  if (!isObject(schema)) return [];
  return Object.entries(schema).flatMap(([key, value]) =>
    key === "properties" && isObject(value)
      ? [...Object.keys(value), ...Object.values(value).flatMap(namesIn)]
      : namesIn(value),
  );
}

test("every setting is explained", () => {
  const names = [...namesIn(holdfastJsonSchema()), ...namesIn(settingsJsonSchema())];
  assert.ok(names.includes("tokenFile") && names.includes("every"));
  const said = [...text.matchAll(/`([A-Za-z.]+)`/g)].flatMap(([, name = ""]) => [
    name,
    name.split(".").at(-1),
  ]);
  assert.deepEqual(
    names.filter(name => !said.includes(name)),
    [],
  );
});
