/** What programs find when they import: holdfast's resources without naming them, and one copy of the SDK. */
import assert from "node:assert/strict";
import { cpSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { createWorkerPool } from "../../src/program/worker-pool.ts";
import { createProgramBench, type ProgramBench } from "../support/program/program-bench.ts";

const repository = path.resolve(import.meta.dirname, "../..");
const realSdk = realpathSync(path.join(repository, "node_modules/@pulumi/pulumi"));

let bench: ProgramBench;
before(async () => (bench = await createProgramBench()));
after(() => bench.close());

function write(file: string, text: string): void {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
}

/** A package `holdfast` whose own copy of the SDK is none: a program that gets that one fails. */
function makePackage(folder: string): string {
  const manifest = {
    name: "holdfast",
    version: "0.0.1",
    type: "module",
    exports: { "./host": { default: "./dist/sdk/host.js" } },
  };
  write(path.join(folder, "package.json"), JSON.stringify(manifest));
  write(
    path.join(folder, "dist/sdk/host.js"),
    'import * as pulumi from "@pulumi/pulumi";\nexport const sdk = pulumi;\n',
  );
  write(path.join(folder, "node_modules/@pulumi/pulumi/package.json"), '{ "version": "0.0.0" }');
  write(path.join(folder, "node_modules/@pulumi/pulumi/index.js"), 'exports.Output = "the wrong copy";');
  return folder;
}

async function outputsWith(env: Record<string, string>): Promise<unknown> {
  const holdfast = makePackage(path.join(bench.root, "own-package"));
  const checkout = path.join(bench.root, "imports-holdfast");
  cpSync(path.join(repository, "test/fixtures/programs/imports-holdfast"), checkout, { recursive: true });
  mkdirSync(path.join(checkout, "node_modules/@pulumi"), { recursive: true });
  symlinkSync(realSdk, path.join(checkout, "node_modules/@pulumi/pulumi"));
  const pool = createWorkerPool({ holdfast, cache: path.join(bench.root, "cache"), redact: text => text });
  try {
    const program = { folder: checkout, sdk: realSdk, pathEntries: [], plugins: [] };
    const worker = await pool.take(program, env);
    assert.ok(worker.ok);
    bench.initStack("imports-holdfast", "worker");
    const args = ["up", "--yes", "--skip-preview", "--skip-plugin-pre-install"];
    const ran = await bench.cli(program, args, { PULUMI_DEBUG_LANGUAGES: `nodejs:${worker.value.port}` });
    assert.equal(ran.code, 0, ran.stdout.toString() + ran.stderr.toString());
    return bench.contentOf("imports-holdfast", "worker").outputs;
  } finally {
    await pool.close();
  }
}

test("holdfast/host comes from holdfast where the project has none, and uses the project's SDK", async () => {
  process.env.PULUMI_FIXTURE_SECRET = "must not be seen";
  process.env.AWS_SECRET_ACCESS_KEY = "must not be seen";
  try {
    const outputs = await outputsWith({ KUBECONFIG: "/etc/kubeconfig" });
    assert.deepEqual(outputs, { oneCopy: true, kubeconfig: "/etc/kubeconfig", inherited: [] });
  } finally {
    delete process.env.PULUMI_FIXTURE_SECRET;
    delete process.env.AWS_SECRET_ACCESS_KEY;
  }
});
