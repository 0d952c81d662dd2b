/** Who may import whom (design section 4). The rules are here, so that a new arrow is a decision and not an accident. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import ts from "typescript";

const root = path.resolve(import.meta.dirname, "..");
const src = path.join(root, "src");

interface Import {
  readonly file: string;
  readonly target: string;
}

const files = readdirSync(src, { recursive: true, encoding: "utf8" })
  .filter(name => name.endsWith(".ts"))
  .map(name => name.split(path.sep).join("/"));

function importsOf(file: string): Import[] {
  const text = readFileSync(path.join(src, file), "utf8");
  return ts.preProcessFile(text, true, true).importedFiles.map(({ fileName: target }) => {
    const inside = target.startsWith(".") ? path.posix.join(path.posix.dirname(file), target) : target;
    return { file, target: inside };
  });
}

const imports = files.flatMap(importsOf);
const room = (file: string): string => (file.includes("/") ? (file.split("/")[0] ?? "") : file);
const isOurs = (target: string): boolean => files.includes(target);

/** Rooms that talk to the world: each knows the engine's vocabulary and its own library, not its neighbours. */
const adapters = [
  "source",
  "secrets",
  "pulumi",
  "program",
  "backend",
  "providers",
  "store",
  "report",
  "server",
  "config",
  "backup",
];
/** What an adapter may see of other rooms. */
const vocabulary = (target: string): boolean =>
  target.startsWith("engine/ports/") ||
  target === "engine/failure.ts" ||
  target === "engine/event.ts" ||
  room(target) === "process";
/** The rules of resources' properties: programs and the provider hold inputs to the same ones. */
const shapes = (target: string): boolean => target.startsWith("sdk/shapes/");

/** A library that talks to the world has one room that imports it. */
const owners: Record<string, readonly string[]> = {
  "node:sqlite": ["store"],
  "age-encryption": ["secrets", "backend"],
  "@grpc/grpc-js": ["providers", "program", "pulumi"],
  liquidjs: ["sdk"],
  yargs: ["cli.ts"],
  zod: ["config"],
  picomatch: ["config", "engine", "sdk"],
  "prom-client": ["report"],
  diff: ["report"],
  "node:child_process": ["process", "program", "providers"],
};

test("the engine imports nothing outside the engine", () => {
  const wrong = imports.filter(i => room(i.file) === "engine" && room(i.target) !== "engine");
  const allowed = (i: Import): boolean => ["node:crypto", "picomatch"].includes(i.target);
  assert.deepEqual(
    wrong.filter(i => !allowed(i)),
    [],
  );
});

test("adapters import the engine's vocabulary, process/ and their own room, and nothing else of ours", () => {
  const wrong = imports.filter(
    i =>
      adapters.includes(room(i.file)) &&
      isOurs(i.target) &&
      room(i.target) !== room(i.file) &&
      !vocabulary(i.target) &&
      !(room(i.file) === "providers" && shapes(i.target)),
  );
  assert.deepEqual(wrong, []);
});

test("the rules of properties, which programs and providers share, import nothing but each other", () => {
  const wrong = imports.filter(i => shapes(i.file) && !shapes(i.target));
  assert.deepEqual(wrong, []);
});

test("process/ imports nothing of ours", () => {
  assert.deepEqual(
    imports.filter(i => room(i.file) === "process" && isOurs(i.target) && room(i.target) !== "process"),
    [],
  );
});

test("the SDK, which programs load, imports nothing of ours", () => {
  assert.deepEqual(
    imports.filter(i => room(i.file) === "sdk" && isOurs(i.target) && room(i.target) !== "sdk"),
    [],
  );
});

test("only commands/wire.ts sees the adapters", () => {
  const wrong = imports.filter(
    i =>
      room(i.file) === "commands" &&
      !path.posix.basename(i.file).startsWith("wire") &&
      adapters.includes(room(i.target)),
  );
  const allowed = (i: Import): boolean => room(i.target) === "report";
  assert.deepEqual(
    wrong.filter(i => !allowed(i)),
    [],
  );
});

test("each library that talks to the world has its owner", () => {
  const wrong = imports.filter(i => owners[i.target] && !owners[i.target]?.includes(room(i.file)));
  assert.deepEqual(wrong, []);
});

test("no file is named utils, helpers or common, and none is an index", () => {
  assert.deepEqual(
    files.filter(file => /(^|\/)(utils?|helpers?|common|index)\.ts$/.test(file)),
    [],
  );
});
