/** npm packages: installed anew when the lockfile is another than the one that node_modules was made from. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { npm } from "./npm.mjs";
import { say, seconds, SetupError } from "./say.mjs";

const stampOf = root => path.join(root, "node_modules", ".holdfast-packages");

/** Native binaries are among the packages, hence platform and architecture. */
function wanted(root) {
  const lock = createHash("sha256")
    .update(readFileSync(path.join(root, "package-lock.json")))
    .digest("hex");
  return `${lock} ${process.platform}-${process.arch}\n`;
}

const readIfThere = file => (existsSync(file) ? readFileSync(file, "utf8") : "");

export const packagesReady = root => readIfThere(stampOf(root)) === wanted(root);

/** Whether an `npm install` made by hand left just what the lockfile says. npm keeps its own record of that. */
function installedByHand(root) {
  const record = readIfThere(path.join(root, "node_modules", ".package-lock.json"));
  if (!record) return false;
  const here = JSON.parse(record).packages;
  const locked = JSON.parse(readFileSync(path.join(root, "package-lock.json"), "utf8")).packages;
  return Object.entries(locked).every(([folder, entry]) => {
    if (folder === "") return true;
    const present = here[folder];
    return present
      ? present.version === entry.version && present.integrity === entry.integrity
      : entry.optional === true;
  });
}

export async function installPackages(root) {
  if (packagesReady(root)) return;
  if (!installedByHand(root)) {
    const start = Date.now();
    say("npm packages: installing them (npm ci, install scripts off)");
    const result = await npm(["ci", "--ignore-scripts", "--include=dev"], root);
    if (result.code !== 0) {
      throw new SetupError(
        `npm ci failed in ${root}:\n${result.output.trim()}\nIs the registry reachable from here, and the disk not full? Then start again.`,
      );
    }
    say(`npm packages: there, after ${seconds(start)}`);
  }
  writeFileSync(stampOf(root), wanted(root));
}
