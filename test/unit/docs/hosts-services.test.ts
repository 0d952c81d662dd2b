/** The program that the page on services shows is one: it is checked by the compiler and run against the SDK. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import type pulumi from "@pulumi/pulumi";
import ts from "typescript";
import { read } from "./pages.ts";

const root = path.resolve(import.meta.dirname, "../../..");
const OPTIONS = {
  module: ts.ModuleKind.CommonJS,
  target: ts.ScriptTarget.ES2022,
  strict: true,
  skipLibCheck: true,
};

test("docs/hosts-services.md: the program compiles, and makes the resources that it shows", async t => {
  const [, program = ""] = /```ts\n([\s\S]*?)```/.exec(read("docs/hosts-services.md")) ?? [];
  const folder = mkdtempSync(path.join(tmpdir(), "holdfast-docs-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const sdk = path.join(folder, "node_modules/holdfast/host");
  mkdirSync(sdk, { recursive: true });
  for (const name of ["@pulumi", "@types", "liquidjs"])
    symlinkSync(path.join(root, "node_modules", name), path.join(folder, "node_modules", name));
  const tsc = path.join(root, "node_modules/typescript/bin/tsc");
  execFileSync(process.execPath, [tsc, "-p", path.join(root, "src/sdk/tsconfig.json"), "--outDir", sdk]);
  writeFileSync(
    path.join(sdk, "package.json"),
    '{ "type": "commonjs", "main": "host.js", "types": "host.d.ts" }',
  );
  mkdirSync(path.join(folder, "files"));
  for (const name of ["app.conf", "headers.conf"])
    writeFileSync(path.join(folder, "files", name), "# nothing\n");
  const file = path.join(folder, "program.ts");
  writeFileSync(file, program);
  const built = ts.createProgram([file], {
    ...OPTIONS,
    types: ["node"],
    typeRoots: [path.join(root, "node_modules/@types")],
  });
  const flaws = ts
    .getPreEmitDiagnostics(built)
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
  assert.deepEqual(flaws, []);
  built.emit();
  const load = createRequire(path.join(sdk, "host.js"));
  const engine = load("@pulumi/pulumi") as typeof pulumi;
  const made = new Map<string, Readonly<Record<string, unknown>>>();
  await engine.runtime.setMocks({
    newResource(args) {
      made.set(args.name, args.inputs as Record<string, unknown>);
      return { id: args.name, state: { checksum: "c", ...(args.inputs as object) } };
    },
    call: () => ({}),
  });
  const before = process.cwd();
  t.after(() => process.chdir(before));
  process.chdir(folder);
  load(path.join(folder, "program.js"));
  await engine.runtime.disconnect();
  assert.deepEqual([...made.keys()].toSorted(), [
    "app",
    "backup",
    "frodo",
    "headers",
    "reload-nginx",
    "report",
    "settings",
    "site",
  ]);
  const when = made.get("reload-nginx")?.["when"] as readonly Readonly<Record<string, string>>[];
  assert.deepEqual(
    when.map(item => item["path"]),
    ["/etc/nginx/conf.d/app.conf", "/etc/nginx/conf.d/headers.conf"],
  );
  for (const { state } of when) assert.match(state ?? "", /^[0-9a-f]{64}$/);
  assert.deepEqual([made.get("backup")?.["name"], made.get("report")?.["name"]], ["backup", "report"]);
});
