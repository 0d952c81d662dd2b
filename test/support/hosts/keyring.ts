/** Key pairs for tests, and whether they open a host's door. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { HostConnection } from "./hosts.ts";

export interface KeyPair {
  /** Type and blob of the public one. */
  readonly key: string;
  /** The private one; the public one is beside it. */
  readonly file: string;
}

export interface Keyring {
  make(name: string): KeyPair;
  /** Whether a private key lets this user in. */
  letsIn(user: string, file: string): Promise<boolean>;
  close(): void;
}

const LOGIN_MS = 30_000;

export function openKeyring({ host, hostKey }: HostConnection): Keyring {
  const folder = mkdtempSync(path.join(tmpdir(), "holdfast-keyring-"));
  const known = path.join(folder, "known_hosts");
  writeFileSync(known, `${host} ${hostKey}\n`);
  return {
    make(name) {
      const file = path.join(folder, name);
      execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", file]);
      return { file, key: readFileSync(`${file}.pub`, "utf8").trim() };
    },
    async letsIn(user, file) {
      const { run } = await import("../../../src/process/run.ts");
      const options = [
        "IdentitiesOnly=yes",
        "BatchMode=yes",
        `UserKnownHostsFile=${known}`,
        "IdentityAgent=none",
      ];
      const args = [
        "-F",
        "none",
        "-i",
        file,
        ...options.flatMap(one => ["-o", one]),
        `${user}@${host}`,
        "true",
      ];
      const { code } = await run("ssh", args, {
        env: { PATH: process.env["PATH"] ?? "" },
        deadlineMs: LOGIN_MS,
      });
      return code === 0;
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}
