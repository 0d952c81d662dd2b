/** Mistakes in a program are errors at their line, before anything runs; templates are strict. The SDK is built as programs get it. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtemp, rm, symlink, mkdir, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import type pulumi from "@pulumi/pulumi";

const root = path.resolve(import.meta.dirname, "../../..");
type Arguments = Record<string, unknown>;
type Constructor = new (
  name: string,
  args: Arguments,
) => pulumi.Resource & Record<string, pulumi.Output<unknown>>;
type Sdk = Record<
  | "Host"
  | "File"
  | "Package"
  | "AptRepository"
  | "User"
  | "AuthorizedKey"
  | "Group"
  | "Directory"
  | "Template"
  | "Symlink"
  | "ManagedBlock"
  | "Archive",
  Constructor
>;

let folder: string;
let sdk: Sdk;
let render: (text: string, values: object) => string;
let engine: typeof pulumi;
const seen = new Map<string, Arguments>();

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "holdfast-sdk-"));
  const tsc = path.join(root, "node_modules/typescript/bin/tsc");
  execFileSync(process.execPath, [tsc, "-p", path.join(root, "src/sdk/tsconfig.json"), "--outDir", folder]);
  await mkdir(path.join(folder, "node_modules"));
  await symlink(path.join(root, "node_modules/@pulumi"), path.join(folder, "node_modules/@pulumi"));
  await symlink(path.join(root, "node_modules/liquidjs"), path.join(folder, "node_modules/liquidjs"));
  await writeFile(path.join(folder, "good.tmpl"), "Owner: {{ owner | upcase }}\n");
  const load = createRequire(path.join(folder, "host.js"));
  engine = load("@pulumi/pulumi") as typeof pulumi;
  await engine.runtime.setMocks({
    newResource(args) {
      seen.set(args.name, { type: args.type, ...(args.inputs as Arguments) });
      return { id: args.name, state: args.inputs as Arguments };
    },
    call: () => ({}),
  });
  sdk = load("./host.js") as Sdk;
  type Parse = (
    text: string,
    label: string,
    report: (property: string, why: string) => never,
  ) => { render: (values: object) => string };
  const { parseTemplate } = load("./render.js") as { readonly parseTemplate: Parse };
  render = (text, values) =>
    parseTemplate(text, "motd.tmpl", (property, why) => {
      throw new Error(`${property} ${why}`);
    }).render(values);
});
after(() => rm(folder, { recursive: true, force: true }));

const valueOf = (output: pulumi.Output<unknown> | undefined): Promise<unknown> =>
  new Promise(resolve => output?.apply(resolve));

test("a host carries its connection into its resources, and a template is rendered", async () => {
  const host = new sdk.Host("frodo", { connection: "ssh://deploy@frodo", sudo: true });
  const values = { owner: engine.output("ops") };
  const source = path.join(folder, "good.tmpl");
  const motd = new sdk.Template("motd", { host, path: "/etc/motd", source, values });
  const copy = new sdk.File("copy", { host, path: "/etc/copy", source });
  assert.equal(await valueOf(motd["content"]), "Owner: OPS\n");
  assert.equal(await valueOf(copy["content"]), "Owner: {{ owner | upcase }}\n");
  assert.equal(seen.get("motd")?.["connection"], "ssh://deploy@frodo?sudo=true");
});

/** How the SDK marks a secret on its way to the engine (runtime/rpc.js). */
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";

test("a connection reaches the provider alike, in plain values and as an output, with its key as a secret", async () => {
  const connection = { host: "frodo", user: "deploy", port: 22, privateKey: "geheim" };
  const ways = { plain: { ...connection }, later: engine.output({ ...connection }) };
  const reached = [];
  for (const [name, given] of Object.entries(ways)) {
    const host = new sdk.Host(name, { connection: given, sudo: true });
    const onHost = new sdk.File(`${name}-on-host`, { host, path: "/x", content: "x" });
    const alone = new sdk.File(`${name}-alone`, { connection: given, path: "/x", content: "x" });
    // What was given is what counts, not what becomes of it.
    if (name === "plain") Object.assign(given, { user: "root" });
    for (const resource of [onHost, alone]) await valueOf(resource["path"]);
    reached.push([`${name}-on-host`, `${name}-alone`].map(one => seen.get(one)?.["connection"]));
  }
  const [plain, later] = reached;
  assert.deepEqual(plain, later);
  const secret = { [SIGNATURE]: SECRET };
  const value = { ...connection };
  assert.deepEqual(plain, [
    { ...secret, value: { ...value, sudo: true } },
    { ...secret, value },
  ]);
});

test("with a secret among its values the content of a template is a secret", async () => {
  const values = { password: engine.secret("geheim") };
  const place = { connection: "local:x", path: "/x" };
  const made = new sdk.Template("secret", { ...place, text: "{{ password }}", values });
  await valueOf(made["content"]);
  assert.equal(await engine.isSecret(made["content"] as pulumi.Output<unknown>), true);
});

const at = { connection: "local:x", path: "/x" };
const on = { connection: "ssh://frodo" };
const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJEoOxq7/InoAumcpnssK1jyVkDYzYUh7xDpCLex60kH";
const mistakes: [keyof Sdk, Arguments, RegExp][] = [
  ["Host", { connection: "frodo" }, /Host "it": connection "frodo" cannot be read/],
  ["Host", { connnection: "ssh://a" }, /Host "it": connnection is not known/],
  ["File", { path: "/x", content: "" }, /File "it": host is missing/],
  ["File", { ...at, path: "etc/x", content: "" }, /File "it": path must be absolute/],
  ["File", { ...at, path: "/a/../x", content: "" }, /path must not hold "\.\."/],
  ["File", at, /content is missing/],
  ["File", { ...at, content: "", source: "a" }, /are both given/],
  ["File", { ...at, source: "nope" }, /source nope cannot be read \(ENOENT\)/],
  ["File", { ...at, content: "", mode: 644 }, /mode must be a text/],
  ["Directory", { ...at, purge: true }, /Directory "it": purge needs source/],
  ["Directory", { ...at, sorce: "a" }, /Directory "it": sorce is not known/],
  ["Directory", { ...at, source: "nope" }, /source nope cannot be read \(ENOENT\)/],
  ["Directory", { ...at, source: "package.json" }, /package\.json is not a folder/],
  ["Directory", { ...at, source: "src", fileMode: "rw" }, /fileMode must be a text of octal digits/],
  ["File", { ...at, content: "", validate: "nginx -t" }, /validate must hold %s/],
  ["Archive", at, /Archive "it": source is missing/],
  ["Archive", { ...at, url: "https://x/a.zip" }, /checksum is missing/],
  ["Archive", { ...at, url: "https://x/a.rar", checksum: "a".repeat(64) }, /format is missing, and https/],
  ["Archive", { ...at, source: "nope.zip" }, /source nope\.zip cannot be read/],
  ["Symlink", { ...at }, /Symlink "it": target missing/],
  ["ManagedBlock", { ...at, marker: "a#b", content: "" }, /marker must be a name/],
  [
    "ManagedBlock",
    { ...at, marker: "a", content: "", at: "end", before: "x" },
    /before and at are both given/,
  ],
  ["Package", { ...on, name: "a b" }, /Package "it": name must be the name of a Debian package/],
  ["Package", { ...on, name: "app", deb: "AAAA" }, /Package "it": deb is not known here/],
  ["Package", { ...on, name: "app", version: "1", ensure: "latest" }, /ensure and version are both given/],
  [
    "Package",
    { ...on, name: "app", source: "app.deb" },
    /version is missing: the name of app\.deb does not say it/,
  ],
  [
    "Package",
    { ...on, name: "app", source: "a_1_all.deb", ensure: "latest" },
    /ensure and source are both given/,
  ],
  ["Package", { ...on, name: "app", source: "a_1_all.deb" }, /source a_1_all\.deb cannot be read \(ENOENT\)/],
  ["AptRepository", { ...on, name: "x", uris: ["file:/a"] }, /AptRepository "it": suites missing/],
  [
    "AptRepository",
    { ...on, name: "x", uris: ["https://ada:geheim@deb.example.org/"], suites: ["./"] },
    /uris\[0\] holds a password, .* \/etc\/apt\/auth\.conf\.d/,
  ],
  [
    "AptRepository",
    { ...on, name: "x", uris: ["file:/a"], suites: ["./"], signedBy: "AB" },
    /signedBy must be a public key/,
  ],
  ["User", { ...on, name: "1000" }, /User "it": name must be a name .* not of digits alone/],
  ["User", { ...on, name: "app", password: "geheim" }, /password must be a hash/],
  ["User", { ...on, name: "app", shell: "bash" }, /shell must be an absolute path/],
  ["User", { ...on, name: "app", groups: "sudo" }, /groups must be a list of group names/],
  ["Group", { ...on, name: "4711" }, /Group "it": name must be a name .* not of digits alone/],
  [
    "AuthorizedKey",
    { ...on, user: "app", key: "-----BEGIN OPENSSH PRIVATE KEY-----" },
    /key is a private key/,
  ],
  [
    "AuthorizedKey",
    { ...on, user: "app", key: "ssh-ed25519 AAAAB3NzaC1yc2EAAAAD" },
    /key must be a whole public key/,
  ],
  [
    "AuthorizedKey",
    { ...on, user: "app", key: `no-pty ${KEY}` },
    /key must begin with .* options go into options/,
  ],
  ["AuthorizedKey", { ...on, user: "app", key: `${KEY}\n${KEY}` }, /key must be a single key/],
  [
    "AuthorizedKey",
    { ...on, user: "app", key: KEY, options: ["restrict", "no-ptty"] },
    /options\[1\] must be an option/,
  ],
  [
    "AuthorizedKey",
    { ...on, user: "app", key: KEY, options: ['command="a" b"'] },
    /options\[0\] must be an option/,
  ],
  ["Template", { ...at, text: "{% if %}{% nope %}" }, /Template "it": template text:1:\d+: /],
];
for (const [type, args, expected] of mistakes)
  test(`a mistake is told by the constructor: ${type} ${JSON.stringify(args)}`, () => {
    assert.throws(() => new sdk[type]("it", args), expected);
  });

test("a name or filter that does not exist is an error with file, line and column", () => {
  assert.throws(() => render("a\n  {{ missing }}", {}), /motd\.tmpl:2:\d+: .*missing/);
  assert.throws(() => render("{{ a | nope }}", { a: 1 }), /motd\.tmpl:1:\d+: .*nope/);
  assert.throws(() => render("{{ a.constructor.name }}", { a: {} }), /motd\.tmpl:1/);
});

test("a template reaches no files", () => {
  for (const tag of ["include", "render", "layout"])
    assert.throws(() => render(`{% ${tag} '/etc/passwd' %}`, {}), /motd\.tmpl:1|ENOENT/);
});
