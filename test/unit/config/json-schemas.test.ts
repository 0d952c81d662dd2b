/** The JSON Schemas in docs/ are what the code says. `UPDATE=1 node --test` on this file writes them anew. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { settingsJsonSchema } from "../../../src/config/daemon-schema.ts";
import { holdfastJsonSchema } from "../../../src/config/holdfast-schema.ts";

const docs = path.resolve(import.meta.dirname, "../../../docs");

for (const [name, schema] of [
  ["holdfast.schema.json", holdfastJsonSchema()],
  ["settings.schema.json", settingsJsonSchema()],
] as const) {
  test(`docs/${name} is current`, () => {
    const file = path.join(docs, name);
    const text = `${JSON.stringify(schema, undefined, 2)}\n`;
    if (process.env["UPDATE"]) writeFileSync(file, text);
    assert.deepEqual(JSON.parse(readFileSync(file, "utf8")), JSON.parse(text));
  });
}
