/** Packages are untrusted code too: an install script that tries what it must not, from a registry on this machine. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, realpathSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { test, type TestContext } from "node:test";
import type { StackDefinition } from "../../src/engine/ports/stack.ts";
import { findBoxes } from "../../src/program/find-box.ts";
import { createInstaller } from "../../src/program/installer.ts";
import { tempFolder } from "../support/git.ts";

const holdfast = path.resolve(import.meta.dirname, "../..");
const isRoot = process.getuid?.() === 0;

/** Runs as the package's install script and writes down what it got. */
const NOSY = `
const fs = require("node:fs"), net = require("node:net"), report = {};
const targets = JSON.parse(fs.readFileSync("targets.json", "utf8"));
const attempt = (name, work) => { try { report[name] = { got: work() }; } catch (error) { report[name] = { refused: error.code || String(error) }; } };
for (const file of targets.read) attempt("read " + file, () => fs.readFileSync(file, "utf8"));
for (const file of targets.write) attempt("write " + file, () => fs.writeFileSync(file, "planted"));
attempt("environment of the daemon", () => fs.readFileSync("/proc/" + targets.pid + "/environ").length);
attempt("signal the daemon", () => process.kill(targets.pid, 0));
attempt("credentials", () => { const found = JSON.stringify(process.env).includes("registry-token"); if (!found) throw new Error("none"); return found; });
attempt("npmrc", () => fs.readFileSync("/run/holdfast/npmrc", "utf8"));
attempt("be root", () => process.setuid(0));
const socket = net.connect(targets.port, "127.0.0.1");
const done = (name, value) => { report.dial = { [name]: value }; fs.writeFileSync("report.json", JSON.stringify(report)); process.exit(); };
socket.on("connect", () => done("got", true));
socket.on("error", error => done("refused", error.code));
`;

function pack(folder: string, files: Readonly<Record<string, string>>): Buffer {
  const made = path.join(folder, "package");
  mkdirSync(made);
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(made, name), text);
  execFileSync("tar", ["-czf", "package.tgz", "package"], { cwd: folder });
  return readFileSync(path.join(folder, "package.tgz"));
}

async function serve(t: TestContext, body: () => Buffer): Promise<number> {
  const server = createServer((_request, answer) => answer.end(body()));
  t.after(() => server.close());
  await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

test(
  "an install reaches its registry, and its scripts reach nothing",
  { skip: !isRoot && "needs root" },
  async t => {
    const root = tempFolder(t);
    const at = (...names: string[]): string => path.join(root, ...names);
    for (const name of ["data/installs/other", "boxes", "home", "checkout"])
      mkdirSync(at(name), { recursive: true });
    writeFileSync(at("data", "state.key"), "of the daemon");
    writeFileSync(at("data/installs/other/index.js"), "of another project");
    writeFileSync(at("home", ".npmrc"), "//registry.example.org/:_authToken=registry-token-1\n");
    let tarball: Buffer = Buffer.alloc(0);
    const registry = await serve(t, () => tarball);
    const port = await serve(t, () => Buffer.from("open"));
    const targets = {
      read: [at("data/state.key"), at("data/installs/other/index.js"), at("home/.npmrc"), "/etc/shadow"],
      write: [
        at("data/installs/other/index.js"),
        at("checkout/planted"),
        at("data/downloads/planted"),
        "/usr/planted",
      ],
      pid: process.pid,
      port,
    };
    const manifest = { name: "nosy", version: "1.0.0", scripts: { install: "node nosy.js" } };
    tarball = pack(root, {
      "package.json": JSON.stringify(manifest),
      "nosy.js": NOSY,
      "targets.json": JSON.stringify(targets),
    });
    const resolved = `http://127.0.0.1:${registry}/nosy/-/nosy-1.0.0.tgz`;
    const packages = {
      "": { name: "web", dependencies: { nosy: "1.0.0" } },
      "node_modules/nosy": { version: "1.0.0", resolved, hasInstallScript: true },
    };
    writeFileSync(at("checkout/package.json"), '{ "name": "web", "dependencies": { "nosy": "1.0.0" } }');
    writeFileSync(
      at("checkout/package-lock.json"),
      JSON.stringify({ name: "web", lockfileVersion: 3, packages }),
    );

    const place = {
      holdfast,
      data: realpathSync(at("data")),
      folder: at("boxes"),
      path: process.env.PATH ?? "",
    };
    const found = await findBoxes(place);
    assert.ok(found.hold === "user", JSON.stringify(found));
    const installer = createInstaller({
      holdfast,
      cache: at("data/installs"),
      env: {
        PATH: process.env.PATH ?? "",
        HOME: at("home"),
        npm_config_registry: `http://127.0.0.1:${registry}/`,
        "npm_config_//registry.example.org/:_authToken": "registry-token-2",
      },
      redact: text => text,
      box: { isolation: found.isolation },
    });
    const stack = { folder: "", runtime: "nodejs" } as StackDefinition;
    const prepared = await installer.prepare(at("checkout"), stack, AbortSignal.timeout(120_000), {
      allowScripts: ["nosy"],
    });
    assert.ok(prepared.ok, JSON.stringify(prepared));
    const installed = realpathSync(at("checkout/node_modules/nosy"));
    const report = JSON.parse(readFileSync(path.join(installed, "report.json"), "utf8")) as Record<
      string,
      object
    >;
    assert.deepEqual(
      Object.entries(report).filter(([, answer]) => "got" in answer),
      [],
    );
    assert.equal(Object.keys(report).length, 14);
    assert.equal(readFileSync(at("data/installs/other/index.js"), "utf8"), "of another project");

    await t.test("what it made belongs to a user that no program runs as", () => {
      assert.equal(statSync(installed).uid, (found.uid ?? 0) + 1);
      assert.equal(statSync(path.join(installed, "nosy.js")).mode & 0o022, 0);
    });
  },
);
