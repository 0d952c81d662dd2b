/**
 * The program of stacks without a program: files of the repository become resources of a host. Run by holdfast alone,
 * which says in the environment what there is to make.
 */
import { readFileSync } from "node:fs";
import path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import type { Connection } from "../host.ts";
import { layOut } from "./layout.ts";
import { makeHost } from "./make.ts";
import { readSettings, type PlainSettings } from "./settings.ts";
import { readTree } from "./tree.ts";
import { Mistake, render, valuesOf, type Values } from "./values.ts";

/** Texts in it may be templates: a private key from a secrets file. */
function rendered(value: unknown, values: Values): unknown {
  if (typeof value === "string") {
    if (!value.includes("{{")) return value;
    const { text, secret } = render(value, "holdfast.yaml: host.connection", values);
    return secret ? pulumi.secret(text) : text;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, rendered(item, values)]));
}

const treesOf = ({ root, folders }: PlainSettings) => {
  const read = (of: readonly string[]) => of.flatMap(folder => readTree(root, folder));
  return {
    files: read(folders.files),
    units: read(folders.units),
    cron: read(folders.cron),
    containers: read(folders.containers),
  };
};

function run(): void {
  const settings = readSettings(process.env);
  const config = pulumi.runtime.allConfig() as Record<string, string>;
  const { values, problems } = valuesOf(settings.values, config, pulumi.getProject());
  const read = (source: string): Buffer => readFileSync(path.join(settings.root, source));
  const layout = layOut({ entries: treesOf(settings), paths: settings.paths, values, read });
  const wrong = [...problems, ...layout.problems];
  if (wrong.length > 0) throw new Mistake(wrong.join("\n"));
  const connection = rendered(settings.connection, values) as Connection;
  makeHost({ ...settings, connection }, layout);
}

try {
  run();
} catch (error) {
  // A mistake of people, told without a stack of ours.
  throw error instanceof Mistake ? new pulumi.RunError(error.message) : error;
}
