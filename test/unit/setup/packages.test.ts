import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { load } from "./setup-modules.ts";

const { installPackages, packagesReady } = await load("packages.mjs");
const scratch = mkdtempSync(path.join(tmpdir(), "holdfast-packages-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

const project = { name: "p", version: "1.0.0" };
const base = { ...project, lockfileVersion: 3, requires: true };
const entry = { version: "1.0.0", integrity: "sha512-AAAA" };

/** `packages` as a lockfile has them; those in node_modules itself are also what the project asks for. */
function makeProject(
  name: string,
  packages: Record<string, { version: string; optional?: boolean }>,
): string {
  const root = path.join(scratch, name);
  const wanted = Object.entries(packages).filter(([, locked]) => locked.optional !== true);
  const dependencies = wanted.map(([folder, { version }]) => [path.basename(folder), version] as const);
  const own = { ...project, dependencies: Object.fromEntries(dependencies) };
  mkdirSync(path.join(root, "node_modules"), { recursive: true });
  writeFileSync(path.join(root, "package.json"), JSON.stringify(own));
  writeFileSync(
    path.join(root, "package-lock.json"),
    JSON.stringify({ ...base, packages: { "": own, ...packages } }),
  );
  return root;
}

test("packages are there after one npm ci, until the lockfile changes", async () => {
  const root = makeProject("clean", {});
  assert.equal(packagesReady(root), false);
  await installPackages(root);
  assert.equal(packagesReady(root), true);
  writeFileSync(
    path.join(root, "package-lock.json"),
    JSON.stringify({ ...base, packages: { "": project } }, null, 1),
  );
  assert.equal(packagesReady(root), false);
});

test("what an npm install by hand left is kept where it is just what the lockfile says", async () => {
  const optional = { ...entry, optional: true };
  const root = makeProject("by-hand", {
    "node_modules/a": entry,
    "node_modules/for-another-platform": optional,
  });
  const record = { packages: { "node_modules/a": entry } };
  writeFileSync(path.join(root, "node_modules", ".package-lock.json"), JSON.stringify(record));
  const kept = path.join(root, "node_modules", "kept");
  writeFileSync(kept, "npm ci would remove this");
  await installPackages(root);
  assert.equal(packagesReady(root), true);
  assert.ok(existsSync(kept));
});

test("another integrity in node_modules than in the lockfile means a new install, and npm's words where it fails", async () => {
  const here = { ...entry, version: "file:missing.tgz", resolved: "file:missing.tgz" };
  const root = makeProject("tampered", { "node_modules/a": here });
  const record = { packages: { "node_modules/a": { ...here, integrity: "sha512-BBBB" } } };
  writeFileSync(path.join(root, "node_modules", ".package-lock.json"), JSON.stringify(record));
  await assert.rejects(installPackages(root), /npm ci failed in .*tampered:\n(.|\n)*npm error/);
  assert.equal(packagesReady(root), false);
});
