/**
 * The program of stacks without a program: files of the repository become resources of a host. Run by holdfast alone,
 * which says in the environment what there is to make.
 */
import { readFileSync } from "node:fs";
import path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { Directory, File, Host, type Connection } from "../host.ts";
import { layOut, type Layout, type PlannedFile } from "./layout.ts";
import { readSettings, type PlainSettings } from "./settings.ts";
import { readTree } from "./tree.ts";
import { Mistake, render, valuesOf, type Values } from "./values.ts";

/** A mistake of people, told without a stack of ours. */
const give = (problems: readonly string[]): never => {
  throw new pulumi.RunError(problems.join("\n"));
};

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

const treesOf = ({ root, folders }: PlainSettings) => ({
  files: folders.files.flatMap(folder => readTree(root, folder)),
  units: folders.units.flatMap(folder => readTree(root, folder)),
  cron: folders.cron.flatMap(folder => readTree(root, folder)),
});

function makeFile(host: Host, { path: at, content, secret, mode, owner, group }: PlannedFile): void {
  const keep = (text: string): pulumi.Input<string> => (secret ? pulumi.secret(text) : text);
  const given = "text" in content ? { content: keep(content.text) } : { contentBase64: content.base64 };
  new File(at, {
    host,
    path: at,
    ...given,
    ...(mode === undefined ? {} : { mode }),
    ...(owner === undefined ? {} : { owner }),
    ...(group === undefined ? {} : { group }),
  });
}

function make(settings: PlainSettings, values: Values, { folders, files }: Layout): void {
  const connection = rendered(settings.connection, values) as Connection;
  const host = new Host(settings.stack, { connection, sudo: settings.sudo });
  // Those above come first: what lies in them waits for them.
  for (const folder of folders) new Directory(folder.path, { host, ...folder });
  for (const file of files) makeFile(host, file);
}

function run(): void {
  const settings = readSettings(process.env);
  const config = pulumi.runtime.allConfig() as Record<string, string>;
  const { values, problems } = valuesOf(settings.values, config, pulumi.getProject());
  const read = (source: string): Buffer => readFileSync(path.join(settings.root, source));
  const layout = layOut({ entries: treesOf(settings), paths: settings.paths, values, read });
  const wrong = [...problems, ...layout.problems];
  if (wrong.length > 0) give(wrong);
  try {
    make(settings, values, layout);
  } catch (error) {
    if (error instanceof Mistake) give([error.message]);
    throw error;
  }
}

run();
