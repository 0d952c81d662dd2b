/** In this process, with the SDK that holdfast itself has. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { before, beforeEach, test } from "node:test";
import { pathToFileURL } from "node:url";
import { inspect, promisify } from "node:util";
import * as pulumi from "@pulumi/pulumi";
import { makeOutputsWhenAsked } from "../../../../src/program/worker/outputs-when-asked.ts";
import { tempFolder } from "../../../support/git.ts";

const sdk = path.resolve(import.meta.dirname, "../../../../node_modules/@pulumi/pulumi");
const SOURCE = path.resolve(import.meta.dirname, "../../../../src/program/worker/outputs-when-asked.ts");
const require = createRequire(path.join(sdk, "package.json"));

interface Debuggable {
  debugPromiseLeaks: boolean;
  debuggablePromise: (promise: Promise<unknown>, context: string) => Promise<unknown>;
}
type Resolve = (value: unknown, known: boolean, secret: boolean, deps?: unknown[], error?: unknown) => void;
interface Rpc {
  transferProperties: (onto: object, label: string, properties: object) => Record<string, Resolve>;
}
interface Parts {
  readonly isKnown: Promise<boolean>;
  readonly isSecret: Promise<boolean>;
  resources(): Set<unknown>;
  allResources(): Promise<Set<unknown>>;
  promise(): Promise<unknown>;
}

const debuggable = require("./runtime/debuggable.js") as Debuggable;
const rpc = require("./runtime/rpc.js") as Rpc;
const ordinary = rpc.transferProperties;
const watched = debuggable.debuggablePromise;
/** What promises were made for. */
let made: string[] = [];

before(() => {
  debuggable.debuggablePromise = (promise, context) => {
    made.push(context);
    return watched(promise, context);
  };
  assert.equal(makeOutputsWhenAsked(sdk), true, "the SDK has another way of making outputs now: look at it");
});
beforeEach(() => (made = []));

/** A resource with one property, and who settles it. */
function transferred(transfer = rpc.transferProperties) {
  const resource: { color?: unknown } = {};
  const { color: settle } = transfer(resource, "a resource", { id: 1, urn: 2, color: "red" });
  assert.ok(settle);
  return { resource, settle, color: () => resource.color as Parts };
}

async function partsOf(output: Parts) {
  const [value, known, secret] = await Promise.all([output.promise(), output.isKnown, output.isSecret]);
  return {
    value,
    known,
    secret,
    resources: output.resources().size,
    all: (await output.allResources()).size,
  };
}

test("an output has the same parts as the SDK's own, whenever it is asked for", async () => {
  const dependency = { __pulumiResource: true };
  for (const [value, known, secret, deps] of [
    ["blue", true, false, [dependency]],
    [{ shade: "dark" }, true, true, []],
    [undefined, false, false, []],
    [pulumi.unknown, true, false, []],
  ] as const) {
    const [own, early, late] = [transferred(ordinary), transferred(), transferred()];
    const asked = early.color();
    assert.equal(pulumi.Output.isInstance(asked), true);
    for (const { settle } of [own, early, late]) settle(value, known, secret, [...deps]);
    const expected = await partsOf(own.color());
    for (const output of [asked, early.color(), late.color()])
      assert.deepEqual(await partsOf(output), expected);
    assert.deepEqual([...late.color().resources()], [late.resource]);
  }
});

/** As `console.log` shows it, but for the numbers that a test run gives to promises. */
const shown = (output: unknown): string => inspect(output).replace(/(async_id_symbol\)): \d+/g, "$1");

test("whatever is done to an output reaches it", async () => {
  const [own, when] = [transferred(ordinary), transferred()];
  assert.deepEqual(Reflect.ownKeys(when.color()), Reflect.ownKeys(own.color()));
  assert.equal(Object.getPrototypeOf(when.color()), Object.getPrototypeOf(own.color()));
  assert.equal(shown(when.color()), shown(own.color()));
  assert.equal("isKnown" in when.color(), true);
  assert.equal("then" in when.color(), false);
  for (const { settle } of [own, when]) settle({ shade: { name: "dark" } }, true, false);
  const shade = (output: unknown) => (output as pulumi.Output<{ shade: { name: string } }>).shade.name;
  const [mine, theirs] = [shade(when.color()), shade(own.color())] as unknown as Parts[];
  assert.deepEqual([await mine?.promise(), await theirs?.promise()], ["dark", "dark"]);
  Object.assign(when.color(), { note: "kept" });
  assert.equal((when.color() as unknown as { note: string }).note, "kept");
  assert.equal(Reflect.deleteProperty(when.color(), "note"), true);
  assert.equal(Object.hasOwn(when.color(), "note"), false);
});

test("of an output that nobody asks for, no promise is made", () => {
  const { settle } = transferred();
  settle("blue", true, false);
  assert.deepEqual(made, []);
  transferred(ordinary).settle("blue", true, false);
  assert.equal(made.length, 4);
});

test("what is settled once stays so", async () => {
  const { settle, color } = transferred();
  settle("blue", true, false);
  settle("green", true, false);
  settle(undefined, true, false, [], new Error("too late"));
  assert.equal((await partsOf(color())).value, "blue");
});

/** In a process of its own: failures that nobody hears end it. What was heard, and what was not. */
async function failing(whenAsked: boolean): Promise<unknown> {
  const code = `
    const { createRequire } = await import("node:module");
    const { makeOutputsWhenAsked } = await import(${JSON.stringify(pathToFileURL(SOURCE))});
    if (${whenAsked}) makeOutputsWhenAsked(${JSON.stringify(sdk)});
    const rpc = createRequire(${JSON.stringify(sdk + "/")})("./runtime/rpc.js");
    const unheard = [];
    process.on("unhandledRejection", error => unheard.push(error.message));
    const [asked, unasked] = [{}, {}];
    const settle = [asked, unasked].map(onto => rpc.transferProperties(onto, "", { color: 1 }).color);
    const color = asked.color;
    settle[0](undefined, true, false, [], new Error("asked"));
    settle[1](undefined, true, false, [], new Error("unasked"));
    const heard = [];
    for (const output of [color, asked.color, unasked.color])
      await output.promise().catch(error => heard.push(error.message));
    await new Promise(resolve => setTimeout(resolve));
    console.log(JSON.stringify({ heard, unheard }));`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", code]);
  return JSON.parse(stdout);
}

test("a failure is told to whoever asks, and ends the program where nobody hears it, as with the SDK's own", async () => {
  const [own, when] = await Promise.all([failing(false), failing(true)]);
  assert.deepEqual(when, own);
  assert.deepEqual((when as { heard: string[] }).heard, ["asked", "asked", "unasked"]);
  assert.ok((when as { unheard: string[] }).unheard.includes("unasked"));
});

test("where the engine goes away, an output stays open, as the SDK leaves it", () => {
  const gone = Object.assign(new Error("gone"), { code: 14 });
  const { settle } = transferred();
  settle(undefined, true, false, [], gone);
  assert.deepEqual(made, []);
});

test("a property that is there already is an error, in the SDK's words", () => {
  for (const transfer of [ordinary, rpc.transferProperties])
    assert.throws(() => transfer({ color: 1 }, "a resource", { color: "red" }), {
      message: "Property 'color' is already initialized on target 'a resource",
    });
});

test("who looks for promises that never settle sees all of them", () => {
  debuggable.debugPromiseLeaks = true;
  try {
    transferred().settle("blue", true, false);
  } finally {
    debuggable.debugPromiseLeaks = false;
  }
  assert.equal(made.length, 4);
});

test("an SDK that makes them in another way is left alone", t => {
  const folder = tempFolder(t, "holdfast-sdk-");
  mkdirSync(path.join(folder, "runtime"));
  writeFileSync(path.join(folder, "package.json"), "{}");
  assert.equal(makeOutputsWhenAsked(folder), false, "one without these modules");
  writeFileSync(path.join(folder, "output.js"), "exports.Output = class {};");
  writeFileSync(path.join(folder, "errors.js"), "exports.isGrpcError = () => false;");
  writeFileSync(
    path.join(folder, "runtime/debuggable.js"),
    "exports.debuggablePromise = promise => promise;",
  );
  writeFileSync(
    path.join(folder, "runtime/rpc.js"),
    "exports.transferProperties = (onto, label, props) => ({});",
  );
  assert.equal(makeOutputsWhenAsked(folder), false);
  const { transferProperties } = require(path.join(folder, "runtime/rpc.js")) as Rpc;
  assert.deepEqual(transferProperties({}, "", { color: 1 }), {});
});
