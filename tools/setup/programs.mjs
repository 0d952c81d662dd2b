/** Programs of the machine that tests run for real: Git, OpenSSH's server, PostgreSQL, GnuPG. Installed where this user may. */
import { accessSync, constants, existsSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { runTool } from "./child.mjs";
import { say, seconds, SetupError } from "./say.mjs";

const needed = [
  { program: "git", package: "git" },
  { program: "ssh", package: "openssh-client" },
  { program: "sshd", package: "openssh-server" },
  // Tests that need it are skipped without it, and say so.
  { program: "postgres", package: "postgresql", optional: true },
  { program: "gpg", package: "gnupg", optional: true },
];

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

const POSTGRESQL = "/usr/lib/postgresql";

/** sshd lies in sbin, which is not on every user's PATH; Debian has a folder for each version of PostgreSQL. */
const folders = () => [
  ...(existsSync(POSTGRESQL) ? readdirSync(POSTGRESQL).map(one => path.join(POSTGRESQL, one, "bin")) : []),
  ...(process.env.PATH ?? "").split(path.delimiter),
  "/usr/sbin",
  "/usr/local/sbin",
  "/sbin",
];
export const isThere = ({ program }) =>
  folders().some(folder => folder !== "" && isExecutable(path.join(folder, program)));

export async function ensurePrograms() {
  await ensure(needed.filter(one => !one.optional));
  await ensure(
    needed.filter(one => one.optional),
    text => say(`${text} Tests that need it are skipped.`),
  );
}

/** Answers whether all of them are there in the end; `giveUp` is told why not. */
export async function ensureOptional(wanted, giveUp) {
  await ensure(wanted, giveUp);
  return wanted.every(isThere);
}

const refuse = text => {
  throw new SetupError(text);
};

async function ensure(wanted, giveUp = refuse) {
  const missing = wanted.filter(one => !isThere(one));
  if (missing.length === 0) return;
  const programs = missing.map(one => one.program).join(", ");
  const packages = missing.map(one => one.package);
  const byHand = `install ${packages.join(" ")} (as root: apt-get install ${packages.join(" ")}) and start again`;
  if (process.getuid?.() !== 0 || !isThere({ program: "apt-get" }))
    return giveUp(`the tests need ${programs}, and this user cannot install packages here: ${byHand}.`);
  const start = Date.now();
  say(`${programs}: missing; installing ${packages.join(", ")} with apt-get (no service is started)`);
  const result = await withoutServices(() => install(packages));
  if (result.code !== 0) return giveUp(`apt-get failed:\n${result.output.trim()}\n${byHand}.`);
  say(`${programs}: there, after ${seconds(start)}`);
}

async function install(packages) {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const args = ["-q", "-y", "-o", "DPkg::Lock::Timeout=120"];
  const get = () => runTool("apt-get", [...args, "install", "--no-install-recommends", ...packages], { env });
  const first = await get();
  if (first.code === 0) return first;
  // The package lists of a fresh image are empty or old.
  const update = await runTool("apt-get", [...args, "update"], { env });
  return update.code === 0 ? get() : update;
}

const POLICY = "/usr/sbin/policy-rc.d";

/** Debian asks this script before a package starts a service; 101 is "no". One that is there already is somebody's decision. */
async function withoutServices(work) {
  if (existsSync(POLICY)) return work();
  writeFileSync(POLICY, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  try {
    return await work();
  } finally {
    rmSync(POLICY, { force: true });
  }
}
