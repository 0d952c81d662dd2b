/** The provider host under the real Pulumi CLI, with a file backend and the SDK as programs import it. */
import assert from "node:assert/strict";
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { createProviderHostClient, type ProviderHostClient } from "../../src/providers/client.ts";
import { run } from "../../src/process/run.ts";

const root = path.resolve(import.meta.dirname, "../..");
const PATH = process.env["PATH"] ?? "";
let folder: string;
let project: string;
let providers: ProviderHostClient;
let attach: string;

const LANGUAGE_HOST = `
const grpc = require("@grpc/grpc-js");
const { LanguageServer } = require("@pulumi/pulumi/automation/server");
const service = require("@pulumi/pulumi/proto/language_grpc_pb").LanguageRuntimeService;
const pb = require("@pulumi/pulumi/proto/language_pb"), plugin = require("@pulumi/pulumi/proto/plugin_pb");
const { Empty } = require("google-protobuf/google/protobuf/empty_pb.js");
const program = new LanguageServer(async () => ({ ...require("./program.js") }));
const implementation = {
  handshake: (c, cb) => cb(null, new pb.LanguageHandshakeResponse()),
  getRequiredPackages: (c, cb) => cb(null, new pb.GetRequiredPackagesResponse()),
  getPluginInfo: (c, cb) => cb(null, new plugin.PluginInfo()),
  run: (c, cb) => program.run(c, cb),
  cancel: (c, cb) => cb(null, new Empty()),
};
const server = new grpc.Server();
server.addService(service, new Proxy(implementation, { get: (t, k) => t[k] ?? ((c, cb) => cb?.({ code: 12 })) }));
server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (e, port) => console.log(port));
`;

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "holdfast-provider-e2e-"));
  project = path.join(folder, "project");
  await mkdir(path.join(project, "node_modules/holdfast"), { recursive: true });
  await mkdir(path.join(folder, "state"));
  for (const name of ["@pulumi", "@grpc", "google-protobuf", "liquidjs"])
    await symlink(path.join(root, "node_modules", name), path.join(project, "node_modules", name));
  const tsc = path.join(root, "node_modules/typescript/bin/tsc");
  const sdk = path.join(project, "node_modules/holdfast/host");
  execFileSync(process.execPath, [tsc, "-p", path.join(root, "src/sdk/tsconfig.json"), "--outDir", sdk]);
  await writeFile(path.join(sdk, "package.json"), '{"type":"commonjs","main":"host.js"}');
  await writeFile(path.join(project, "Pulumi.yaml"), "name: hosts\nruntime: nodejs\n");
  await writeFile(path.join(project, "language-host.js"), LANGUAGE_HOST);
  const env = { PATH, HOME: process.env["HOME"] ?? "/" };
  providers = createProviderHostClient({ base: folder, env });
  const access = await providers.open({ runId: "e2e", stack: "hosts/dev", organization: "organization" });
  assert.ok(access.ok);
  attach = access.value.attach;
  await pulumi("stack", "init", "dev");
});
after(async () => {
  await providers.stop();
  await rm(folder, { recursive: true, force: true });
});

async function languageHost(): Promise<{ child: ChildProcess; port: number }> {
  const child = spawn(process.execPath, ["language-host.js"], {
    cwd: project,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  return { child, port: Number(line.toString("utf8")) };
}

async function pulumi(...args: string[]): Promise<string> {
  const { child, port } = await languageHost();
  const env = {
    PATH,
    HOME: folder,
    PULUMI_HOME: path.join(folder, "home"),
    PULUMI_BACKEND_URL: `file://${path.join(folder, "state")}`,
    PULUMI_CONFIG_PASSPHRASE: "test",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    PULUMI_DEBUG_LANGUAGES: `nodejs:${port}`,
    PULUMI_DEBUG_PROVIDERS: attach,
  };
  const result = await run("pulumi", [...args, "--non-interactive", "--color=never"], {
    cwd: project,
    env,
    deadlineMs: 60_000,
  });
  child.kill();
  const said = `${result.stdout.toString("utf8")}${result.stderr.toString("utf8")}`;
  assert.equal(result.code, 0, said);
  return said;
}

const program = (body: string): Promise<void> =>
  writeFile(
    path.join(project, "program.js"),
    `const { Host, File, Directory, Template } = require("holdfast/host");
     const pulumi = require("@pulumi/pulumi");
     const host = new Host("frodo", { connection: { local: true, root: "frodo" } });\n${body}`,
  );
const real = (file: string): string => path.join(folder, "frodo", file);
const up = (...args: string[]): Promise<string> =>
  pulumi("up", "--yes", "--skip-preview", "-s", "dev", ...args);

const FIRST = `
  new Directory("etc", { host, path: "/etc", mode: "0755" });
  new File("plain", { host, path: "/etc/plain", content: "one\\n" });
  new File("secret", { host, path: "/etc/secret", content: pulumi.secret("geheim-4711") });
  new Template("motd", { host, path: "/etc/motd", text: "host {{ name }}\\n", values: { name: "frodo" } });`;

test("a program's files are created, their drift is shown and repaired, and secrets stay secret", async () => {
  await program(FIRST);
  assert.match(await pulumi("preview", "-s", "dev"), /\+ 6 to create/);
  await assert.rejects(stat(real("etc")), /ENOENT/);
  assert.match(await up(), /\+ 6 created/);
  assert.equal(await readFile(real("etc/motd"), "utf8"), "host frodo\n");
  assert.equal((await stat(real("etc/secret"))).mode & 0o777, 0o600);

  await writeFile(real("etc/plain"), "by hand\n");
  await writeFile(real("etc/secret"), "stolen-0815");
  await rm(real("etc/motd"));
  const drift = await pulumi("refresh", "--preview-only", "-s", "dev");
  assert.match(drift, /File plain update \[diff: ~content\]/);
  assert.match(drift, /- .*Template motd delete/);
  const shown = await pulumi("refresh", "--preview-only", "--diff", "-s", "dev");
  assert.doesNotMatch(shown, /geheim-4711|stolen-0815/);

  await up("--refresh");
  assert.equal(await readFile(real("etc/plain"), "utf8"), "one\n");
  assert.equal(await readFile(real("etc/secret"), "utf8"), "geheim-4711");
  assert.equal(await readFile(real("etc/motd"), "utf8"), "host frodo\n");
  const state = await readFile(path.join(folder, "state/.pulumi/stacks/hosts/dev.json"), "utf8");
  assert.doesNotMatch(state, /geheim-4711|stolen-0815/);
  assert.match(await up("--refresh"), /6 unchanged/);
});

test("a file that is there is imported without being touched", async () => {
  await writeFile(real("etc/there"), "there before\n", { mode: 0o644 });
  const { ino } = await stat(real("etc/there"));
  await program(`${FIRST}
    new File("there", { host, path: "/etc/there", content: "there before\\n" }, { import: "local:frodo#/etc/there" });`);
  const said = await up();
  assert.match(said, /= 1 imported/);
  assert.doesNotMatch(said, /do not match/);
  assert.equal((await stat(real("etc/there"))).ino, ino);
});

test("what leaves the program leaves the host, and a moved file leaves nothing behind", async () => {
  await program(`new File("plain", { host, path: "/etc/moved", content: "one\\n" });`);
  await up();
  assert.equal(await readFile(real("etc/moved"), "utf8"), "one\n");
  for (const gone of ["plain", "motd", "secret", "there"])
    await assert.rejects(stat(real(`etc/${gone}`)), /ENOENT/);
});
