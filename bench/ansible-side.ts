/** The other way to keep a host equal to Git: Debian's own `ansible-pull`, on the host itself, from a repository there. */
import { readdirSync } from "node:fs";
import path from "node:path";
import { run } from "../src/process/run.ts";
import type { Ending } from "../test/support/git.ts";
import { tempFolder } from "../test/support/git.ts";
import { base } from "../test/support/hosts/base.ts";
import type { Host } from "../test/support/hosts/hosts.ts";
import { contentOf, type Content } from "./estate.ts";
import { timed } from "./figure.ts";

export interface AnsibleSide {
  /** Commits on the host; not measured. */
  commit(content: Content): Promise<void>;
  /** Milliseconds of one `ansible-pull`. Throws where it failed. */
  pull(): Promise<number>;
}

/** 200 files take a minute on a machine that has nothing else to do. */
const PULL_MS = 15 * 60_000;
const WORK = "/root/estate";
const BARE = "/root/estate.git";

/** One task for all files, no facts: the quickest that its manual offers for files of one kind. */
const playbook = `- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - copy: { src: "{{ item }}", dest: /ansible-data/, mode: "0644" }
      with_fileglob: files/*
`;

async function command(program: string, args: readonly string[], input?: Buffer | string): Promise<string> {
  const env = { PATH: process.env["PATH"] ?? "", LC_ALL: "C", DEBIAN_FRONTEND: "noninteractive" };
  const ended = await run(program, args, { env, deadlineMs: PULL_MS, ...(input !== undefined && { input }) });
  if (ended.code === 0) return ended.stdout.toString();
  throw new Error(`${program} ${args.at(-1) ?? ""}: ${ended.stderr.toString().trim().slice(-2_000)}`);
}

const sshTo = ({ connection }: Host): readonly string[] => [
  ...["-i", connection.identityFile, "-o", "IdentitiesOnly=yes", "-o", "LogLevel=ERROR"],
  ...["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"],
];

/** Hosts have no way out: apt of this machine fetches what the host lacks, and scp brings it. */
async function installPackages(host: Host, names: readonly string[], ending: Ending): Promise<void> {
  const folder = tempFolder(ending, "holdfast-bench-debs-");
  await command("mkdir", ["-p", path.join(folder, "partial"), path.join(folder, "lists/partial")]);
  const options = [
    `Dir::State::status=${base ?? ""}/var/lib/dpkg/status`,
    `Dir::Cache::archives=${folder}`,
    // This machine's own lists may be older than the base.
    `Dir::State::lists=${folder}/lists`,
    "Debug::NoLocking=1",
    "APT::Install-Recommends=false",
    "APT::Sandbox::User=root",
    "APT::Keep-Downloaded-Packages=true",
  ].flatMap(option => ["-o", option]);
  await command("apt-get", ["-qq", ...options, "update"]);
  await command("apt-get", ["-qq", ...options, "install", "-y", "--download-only", ...names]);
  const debs = readdirSync(folder).filter(name => name.endsWith(".deb"));
  const target = `root@${host.address}`;
  await host.run("mkdir -p /root/debs");
  await command("scp", [
    ...sshTo(host),
    ...debs.map(name => path.join(folder, name)),
    `${target}:/root/debs/`,
  ]);
  await command("ssh", [...sshTo(host), target, "dpkg -i /root/debs/*.deb >/dev/null && rm -r /root/debs"]);
}

/** Takes minutes the first time: Ansible comes with Python and 50 packages. */
export async function openAnsibleSide(host: Host, ending: Ending): Promise<AnsibleSide> {
  await installPackages(host, ["ansible-core", "git"], ending);
  const who = "-c user.name=bench -c user.email=bench@localhost -c init.defaultBranch=main";
  await host.run(
    `git ${who} init -q --bare ${BARE} && git ${who} clone -q ${BARE} ${WORK} && mkdir -p ${WORK}/files /ansible-data`,
  );
  await host.run(`cat >${WORK}/local.yml`, playbook);
  return {
    async commit({ count, version }) {
      const lines = Array.from(
        { length: count },
        (_, index) => `${index}\t${contentOf(index, version)}`,
      ).join("");
      const split = `rm -f ${WORK}/files/*; while IFS="$(printf '\\t')" read -r n text; do printf '%s\\n' "$text" >${WORK}/files/f$n; done`;
      await host.run(split, lines);
      await host.run(
        `cd ${WORK} && git add -A && git ${who} commit -qm "version ${version}" && git push -q origin HEAD:main`,
      );
    },
    pull: () =>
      timed(() =>
        command("ssh", [
          ...sshTo(host),
          `root@${host.address}`,
          `LC_ALL=C.UTF-8 ansible-pull -U ${BARE} -C main -d /root/pulled -i localhost, local.yml`,
        ]),
      ),
  };
}
