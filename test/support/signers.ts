/** People who sign commits in tests, with real keys of ssh-keygen and gpg. */
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { TestContext } from "node:test";
import { git, GIT_TEST_ENV, tempFolder, writeFiles, type Files, type TestRepository } from "./git.ts";

export interface Signer {
  /** Options of git, before the verb. */
  readonly settings: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export interface SshSigner extends Signer {
  /** `ssh-ed25519 AAAA…` */
  readonly publicKey: string;
  /** Private key. */
  readonly file: string;
}

export interface GpgSigner extends Signer {
  /** Armoured. */
  readonly publicKeys: () => string;
  readonly home: string;
  readonly fingerprint: string;
}

export function sshSigner(t: TestContext, type = "ed25519"): SshSigner {
  const file = path.join(tempFolder(t, "holdfast-ssh-"), "key");
  // A longer one takes seconds to be found.
  const bits = type === "rsa" ? ["-b", "2048"] : [];
  execFileSync("ssh-keygen", ["-q", "-t", type, ...bits, "-N", "", "-C", "", "-f", file]);
  const publicKey = readFileSync(`${file}.pub`, "utf8").split(" ").slice(0, 2).join(" ").trim();
  return { file, publicKey, env: {}, settings: ["-c", "gpg.format=ssh", "-c", `user.signingKey=${file}`] };
}

/** The signer with a certificate of `authority` for these principals; `validity` as `ssh-keygen -V` takes it. */
export function certified(
  t: TestContext,
  authority: SshSigner,
  principals: string,
  validity = "-1d:+1d",
): SshSigner & { readonly certificate: string } {
  const signer = sshSigner(t);
  const args = ["-q", "-s", authority.file, "-I", "test", "-n", principals, "-V", validity, "-z", "7"];
  execFileSync("ssh-keygen", [...args, `${signer.file}.pub`]);
  const certificate = `${signer.file}-cert.pub`;
  return {
    ...signer,
    certificate,
    settings: ["-c", "gpg.format=ssh", "-c", `user.signingKey=${certificate}`],
  };
}

/** Writes an allowed_signers file; each line as a principal, options and a key. */
export function signersFile(t: TestContext, ...lines: readonly string[]): string {
  const file = path.join(tempFolder(t, "holdfast-signers-"), "allowed_signers");
  writeFileSync(file, lines.map(line => `${line}\n`).join(""));
  return file;
}

/** Undefined where gpg is missing: say so and skip. */
export function gpgMissing(): string | undefined {
  const missing = spawnSync("gpg", ["--version"]).status !== 0;
  return missing ? "gpg is not there: apt-get install gnupg" : undefined;
}

/** Runs gpg in a home folder of its own, whose agent ends with the test. `now`: a faked time, `20200101T000000`. */
export function gpgIn(home: string, args: readonly string[], now?: string): string {
  const time = now === undefined ? [] : ["--faked-system-time", `${now}!`];
  const options = ["--batch", "--quiet", "--no-options", "--passphrase", "", "--pinentry-mode", "loopback"];
  const env = { ...GIT_TEST_ENV, GNUPGHOME: home };
  return execFileSync("gpg", [...options, ...time, ...args], { env, stdio: "pipe" }).toString();
}

/** `expires`: as --quick-generate-key takes it. */
export function gpgSigner(t: TestContext, expires = "never", now?: string): GpgSigner {
  const home = tempFolder(t, "holdfast-gpg-");
  t.after(() => spawnSync("gpgconf", ["--homedir", home, "--kill", "all"]));
  gpgIn(home, ["--quick-generate-key", "Ada Example <ada@example.org>", "ed25519", "sign", expires], now);
  const fingerprint = /^fpr:+([0-9A-F]+):/m.exec(gpgIn(home, ["--with-colons", "--list-keys"]))?.[1] ?? "";
  return {
    home,
    fingerprint,
    publicKeys: () => gpgIn(home, ["--armor", "--export"]),
    env: { GNUPGHOME: home },
    settings: ["-c", "gpg.format=openpgp", "-c", `user.signingKey=${fingerprint}`],
  };
}

/** Commits and pushes; without a signer, unsigned. Answers the commit's id. */
export function commitAs(
  repository: TestRepository,
  signer: Signer | undefined,
  files: Files,
  env: Readonly<Record<string, string>> = {},
): string {
  const { folder, branch } = repository;
  writeFiles(folder, files);
  git(folder, ["add", "--all", "--force"]);
  const sign = signer ? ["-S"] : ["--no-gpg-sign"];
  const commit = [
    "commit",
    "--quiet",
    "--allow-empty",
    ...sign,
    "-m",
    `change by ${signer ? "a signer" : "nobody"}`,
  ];
  git(folder, [...(signer?.settings ?? []), ...commit], { env: { ...signer?.env, ...env } });
  git(folder, ["push", "--quiet", "--force", "origin", `HEAD:refs/heads/${branch}`]);
  return repository.head();
}
