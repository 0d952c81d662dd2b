/** The SDK (src/sdk), compiled to CommonJS and declarations in dist/sdk: programs under the plain Pulumi CLI load it from there. */
import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { runTool } from "./child.mjs";
import { say, seconds, SetupError } from "./say.mjs";

const sourceOf = root => path.join(root, "src", "sdk");
const targetOf = root => path.join(root, "dist", "sdk");
const stampOf = root => path.join(targetOf(root), ".built-from");

function wanted(root) {
  const hash = createHash("sha256").update(
    readFileSync(path.join(root, "node_modules", "typescript", "package.json")),
  );
  const files = readdirSync(sourceOf(root), { recursive: true, withFileTypes: true }).filter(entry =>
    entry.isFile(),
  );
  for (const file of files.map(entry => path.join(entry.parentPath, entry.name)).sort()) {
    hash.update(`\0${path.relative(root, file)}\0`).update(readFileSync(file));
  }
  return hash.digest("hex");
}

const hasSdk = root => existsSync(path.join(sourceOf(root), "tsconfig.json"));

/** mkdtemp, and a umask of 077, make it ours alone; programs run as a user of their own, and load it. */
function openToAll(folder) {
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }))
    chmodSync(path.join(entry.parentPath, entry.name), entry.isDirectory() ? 0o755 : 0o644);
}

const isForAll = folder => (statSync(folder).mode & 0o005) === 0o005;

export const sdkReady = root =>
  !hasSdk(root) ||
  (existsSync(stampOf(root)) &&
    isForAll(targetOf(root)) &&
    readFileSync(stampOf(root), "utf8") === wanted(root));

export async function buildSdk(root) {
  if (sdkReady(root)) return;
  const start = Date.now();
  const source = wanted(root);
  mkdirSync(path.dirname(targetOf(root)), { recursive: true });
  const folder = mkdtempSync(`${targetOf(root)}.new-`);
  try {
    await compile(root, folder);
    // The package is ESM as a whole; what tsc wrote here is not.
    writeFileSync(path.join(folder, "package.json"), '{ "type": "commonjs" }\n');
    writeFileSync(path.join(folder, ".built-from"), source);
    openToAll(folder);
    rmSync(targetOf(root), { recursive: true, force: true });
    renameSync(folder, targetOf(root));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  say(`SDK: built into dist/sdk in ${seconds(start)}`);
}

async function compile(root, folder) {
  const tsc = path.join(root, "node_modules", "typescript", "bin", "tsc");
  const result = await runTool(process.execPath, [tsc, "-p", sourceOf(root), "--outDir", folder], {
    cwd: root,
  });
  if (result.code !== 0)
    throw new SetupError(`the SDK in src/sdk does not compile:\n${result.output.trim()}`);
}
