/** The README's first five minutes, command by command as they stand there, on a real host where there can be one. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { HOLDFAST, makeStage, until, type Json, type Running, type Stage } from "../support/daemon-stage.ts";
import { GIT_TEST_ENV } from "../support/git.ts";
import { noHosts, startHost } from "../support/hosts/hosts.ts";

const README = path.resolve(import.meta.dirname, "../../README.md");
/** A bound for sanity on a busy machine; it takes some seconds. */
const FIVE_MINUTES_MS = 300_000;

/** The section's blocks of commands: to begin with, to spoil a file, to go forward and back. */
function blocks(): readonly [begin: string, spoil: string, change: string] {
  const text = readFileSync(README, "utf8");
  const section = /^## Five minutes to a managed box$([^]*?)^## /m.exec(text)?.[1] ?? "";
  const found = [...section.matchAll(/^```sh\n([^]*?)^```$/gm)].map(([, body = ""]) => body);
  const [begin, spoil, change, ...more] = found;
  if (!begin || !spoil || !change || more.length > 0) assert.fail(`the README has ${found.length} blocks`);
  return [begin, spoil, change];
}

/** What stands for frodo.example.org: where commands on it run, and what ssh needs to reach it. */
interface Target {
  /** The connection that takes the place of the README's; undefined: that one. */
  readonly connection?: string;
  readonly sshConfig: string;
  run(script: string): Promise<string>;
}

async function realHost(t: { after(work: () => unknown): void }): Promise<Target> {
  const host = await startHost("frodo");
  t.after(() => host.stop());
  const { identityFile, hostKey } = host.as("deploy");
  const known = path.join(path.dirname(identityFile), "first-host-known");
  writeFileSync(known, `frodo.example.org ${hostKey}\n`);
  const sshConfig = `Host frodo.example.org
  HostName ${host.address}
  HostKeyAlias frodo.example.org
  UserKnownHostsFile ${known}
  IdentityFile ${identityFile}
`;
  return { sshConfig, run: script => host.run(script) };
}

/** A folder of this machine; what is done on it by hand is done in it. */
function folder(stage: Stage): Target {
  const read = (): string => readFileSync(path.join(stage.sandbox, "etc/motd"), "utf8");
  return { connection: `local:${stage.sandbox}`, sshConfig: "", run: async () => read() };
}

/** In a place like a person's: a clone to begin in, and an ssh that knows the host's name. */
function person(stage: Stage, { sshConfig, connection }: Target) {
  const clone = path.join(stage.base, "clone");
  mkdirSync(path.join(clone, "bin"), { recursive: true });
  symlinkSync(HOLDFAST, path.join(clone, "bin", "holdfast"));
  writeFileSync(path.join(stage.base, "ssh-config"), sshConfig);
  const onFolder = `#!/bin/sh\necho "hello from Anna" >>${stage.sandbox}/etc/motd\n`;
  const onHost = `#!/bin/sh\nexec /usr/bin/ssh -F ${stage.base}/ssh-config "$@"\n`;
  writeFileSync(path.join(clone, "bin", "ssh"), connection ? onFolder : onHost, { mode: 0o755 });
  const { HOLDFAST_REPO: _repo, HOLDFAST_DATA: _data, ...rest } = stage.env;
  const env = {
    ...rest,
    ...Object.fromEntries(Object.entries(GIT_TEST_ENV).filter(([name]) => name.startsWith("GIT_"))),
    HOLDFAST_LISTEN: "127.0.0.1:0",
    // It would put the file back while the README looks at it.
    HOLDFAST_PROBE: "off",
    PATH: `${clone}/bin:${rest["PATH"] ?? ""}`,
  };
  const given = (script: string): string =>
    connection ? script.replace(/"ssh:\/\/[^"]*"/, JSON.stringify(connection)) : script;
  const start = (script: string, cwd: string): Running =>
    stage.startProgram("bash", ["-e", "-c", given(script)], env, cwd);
  return { clone, estate: path.join(stage.base, "estate"), start };
}

test("the README leads from nothing to a managed box in five minutes", async t => {
  const [begin, spoil, change] = blocks();
  const stage = makeStage(t, { files: () => ({}) });
  const target = noHosts === false ? await realHost(t) : folder(stage);
  const motd = (): Promise<string> => target.run("cat /etc/motd").catch(() => "");
  const { clone, estate, start } = person(stage, target);

  const startedAt = Date.now();
  const daemon = start(begin, clone);
  await until("the box is managed", async () => {
    const ended = await Promise.race([daemon.ended, Promise.resolve(undefined)]);
    if (ended) assert.fail(`the first block ended: ${ended.stdout}${ended.stderr}`);
    return (await motd()) === "This is frodo.\n";
  });
  const took = Date.now() - startedAt;
  t.diagnostic(daemon.stderr());
  t.diagnostic(`managed after ${(took / 1000).toFixed(1)} s`);
  assert.ok(took < FIVE_MINUTES_MS);
  await until("it says so", () => /hosts\/frodo converged/.test(daemon.stderr()));
  assert.match(daemon.stderr(), /hosts\/frodo converged \+3 in /);

  const spoiled = await start(spoil, clone).ended;
  assert.equal(spoiled.code, 2, `a plan with changes ends with 2: ${spoiled.stderr}`);
  assert.match(spoiled.stdout, /hosts\/frodo at [0-9a-f]{8}: 1 to update, 1 drifted/);
  assert.match(
    spoiled.stdout,
    /~ +holdfast:host:File \/etc\/motd\n +content:\n +This is frodo\.\n +\+ hello from Anna/,
  );

  const changed = await start(`export HOLDFAST_DATA="$PWD/../holdfast-data"\n${change}`, estate).ended;
  assert.equal(changed.code, 0, changed.stderr + changed.stdout);
  assert.equal(await motd(), "This is frodo.\n", "what was done by hand is gone, and the revert is there");
  const history = await start("holdfast history --json --data ../holdfast-data", estate).ended;
  const { runs } = JSON.parse(history.stdout) as Json;
  const deployed = new Set([...(runs ?? [])].map(run => String(run["commit"]?.["subject"])));
  for (const subject of ["frodo, as files", "Say where it comes from", 'Revert "Say where it comes from"'])
    assert.ok(deployed.has(subject), `${subject} was deployed, of ${[...deployed].join(", ")}`);
});
