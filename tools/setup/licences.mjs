/**
 * Which licences our dependencies have, from package-lock.json. `node tools/setup/licences.mjs` writes the list of what
 * holdfast ships with into docs/licences.md; the check says what may not be used, and whether that list is true.
 */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** Permissive ones, by their SPDX names: nothing here asks anything of those who use holdfast but to keep the notices. */
const ALLOWED = new Set([
  ...[
    "0BSD",
    "Apache-2.0",
    "BlueOak-1.0.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "CC0-1.0",
    "ISC",
    "MIT",
    "Unlicense",
  ],
  // Data and texts: argparse's licence file, the list of SPDX exceptions.
  ...["Python-2.0", "CC-BY-3.0", "CC-BY-4.0"],
]);

/** Packages whose package.json does not say it in SPDX; read by hand. */
const BY_HAND = { "@logdna/tail-file": "MIT" };

const PAGE = path.join("docs", "licences.md");
const nameOf = place => place.slice(place.lastIndexOf("node_modules/") + "node_modules/".length);

/** Every package: its name, version, licence, and whether holdfast runs with it (else it only builds and tests). */
export function packagesOf(lock) {
  return Object.entries(lock.packages)
    .filter(([place]) => place.includes("node_modules/"))
    .map(([place, { version, license, dev }]) => ({
      name: nameOf(place),
      version,
      licence: BY_HAND[nameOf(place)] ?? license ?? "none",
      ships: dev !== true,
    }));
}

/** An expression such as `(BSD-3-Clause AND Apache-2.0)` is allowed where each of its parts is. */
const isAllowed = licence =>
  licence.split(/[() ]+|\bAND\b|\bOR\b/).every(part => part === "" || ALLOWED.has(part));

export const forbidden = packages => packages.filter(({ licence }) => !isAllowed(licence));

export function page(packages) {
  const byLicence = Map.groupBy(
    packages.filter(({ ships }) => ships),
    ({ licence }) => licence.replace(/^\((.*)\)$/, "$1"),
  );
  const lines = [...byLicence]
    .sort(([a], [b]) => a.localeCompare(b, "en"))
    .map(([licence, list]) => {
      const names = [...new Set(list.map(({ name }) => name))].sort((a, b) => a.localeCompare(b, "en"));
      return `## ${licence}\n\n${names.map(name => `\`${name}\``).join(", ")}\n`;
    });
  return `# Licences

holdfast is under the Apache License 2.0 (\`LICENSE\`). These are the npm packages that it runs with, by their licences, taken
from package-lock.json by \`node tools/setup/licences.mjs\`; \`npm run check\` refuses any other kind. The Pulumi CLI is under the
Apache License 2.0 as well, and a program of its own.

${lines.join("\n")}`;
}

const readLock = root => JSON.parse(readFileSync(path.join(root, "package-lock.json"), "utf8"));

/** What is wrong, in words; empty where nothing is. */
export function problems(root) {
  const packages = packagesOf(readLock(root));
  const bad = forbidden(packages).map(
    ({ name, version, licence }) => `${name} ${version}: licence ${licence}`,
  );
  const told = readFileSync(path.join(root, PAGE), "utf8");
  return told === page(packages)
    ? bad
    : [...bad, `${PAGE} is not true any more: node tools/setup/licences.mjs`];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = path.resolve(import.meta.dirname, "..", "..");
  writeFileSync(path.join(root, PAGE), page(packagesOf(readLock(root))));
}
