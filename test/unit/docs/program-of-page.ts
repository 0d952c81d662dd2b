/** The program that a page shows, checked by the compiler and run against the SDK as programs get it. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import type { TestContext } from "node:test";
import type pulumi from "@pulumi/pulumi";
import ts from "typescript";
import { read, root } from "./pages.ts";

const OPTIONS = {
  module: ts.ModuleKind.CommonJS,
  target: ts.ScriptTarget.ES2022,
  strict: true,
  skipLibCheck: true,
};
const PACKAGE = '{ "type": "commonjs", "main": "host.js", "types": "host.d.ts" }';

function compile(file: string): void {
  const typeRoots = [path.join(root, "node_modules/@types")];
  const program = ts.createProgram([file], { ...OPTIONS, types: ["node"], typeRoots });
  const flaws = ts
    .getPreEmitDiagnostics(program)
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
  assert.deepEqual(flaws, []);
  program.emit();
}

/** Inputs of what the page's first program makes, by name. `files`: of its folder. */
export async function runProgramOf(
  t: TestContext,
  page: string,
  files: Readonly<Record<string, string | Buffer>>,
): Promise<ReadonlyMap<string, Readonly<Record<string, unknown>>>> {
  const [, text = ""] = /```ts\n([\s\S]*?)```/.exec(read(page)) ?? [];
  const folder = mkdtempSync(path.join(tmpdir(), "holdfast-docs-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const sdk = path.join(folder, "node_modules/holdfast/host");
  mkdirSync(sdk, { recursive: true });
  for (const name of ["@pulumi", "@types", "liquidjs"])
    symlinkSync(path.join(root, "node_modules", name), path.join(folder, "node_modules", name));
  const tsc = path.join(root, "node_modules/typescript/bin/tsc");
  execFileSync(process.execPath, [tsc, "-p", path.join(root, "src/sdk/tsconfig.json"), "--outDir", sdk]);
  writeFileSync(path.join(sdk, "package.json"), PACKAGE);
  for (const [name, content] of Object.entries({ ...files, "program.ts": text })) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), content);
  }
  compile(path.join(folder, "program.ts"));
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
  return made;
}
