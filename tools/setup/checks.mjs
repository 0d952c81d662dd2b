/** Checks that are no tests: each answers one result, and prints what it found only where something is wrong. */
import path from "node:path";
import { audit } from "./audit.mjs";
import { runTool } from "./child.mjs";
import { problems } from "./licences.mjs";
import { seconds } from "./say.mjs";

async function check(title, root, program, args) {
  const start = Date.now();
  const result = await runTool(process.execPath, [path.join(root, "node_modules", ...program), ...args], {
    cwd: root,
  });
  const failed = result.code === 0 ? 0 : 1;
  if (failed) process.stdout.write(`\n✖ ${title}\n${result.output.trim()}\n`);
  return { title, passed: 1 - failed, failed, skipped: 0, took: seconds(start) };
}

function licences(root) {
  const start = Date.now();
  const found = problems(root);
  if (found.length > 0) process.stdout.write(`\n✖ licences\n${found.join("\n")}\n`);
  const failed = found.length > 0 ? 1 : 0;
  return { title: "licences", passed: 1 - failed, failed, skipped: 0, took: seconds(start) };
}

export const checks = {
  audit,
  licences,
  types: root =>
    check(
      "types",
      root,
      ["typescript", "bin", "tsc"],
      ["--noEmit", "--incremental", "--tsBuildInfoFile", "dist/.tsbuildinfo"],
    ),
  lint: root => check("lint", root, ["eslint", "bin", "eslint.js"], ["--max-warnings=0", "."]),
  formatting: root =>
    check(
      "formatting",
      root,
      ["prettier", "bin", "prettier.cjs"],
      [
        "--check",
        "--log-level=warn",
        "--cache",
        "--cache-strategy=content",
        "--cache-location=dist/.prettier-cache",
        ".",
      ],
    ),
};
