/** Repositories that a real host's apt takes packages from. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { UNKNOWN, type ValueMap } from "../../src/providers/grpc/value.ts";
import { addDebs } from "../support/hosts/debs.ts";
import { noHosts, startHost, type LoneHost } from "../support/hosts/hosts.ts";
import { openDesk, type Desk, type Resources } from "../support/hosts/resources.ts";
import { gpgIn, gpgMissing, gpgSigner } from "../support/signers.ts";

let host: LoneHost;
let desk: Desk;
let repositories: Resources;
const real = { skip: noHosts, timeout: 120_000 };

before(async () => {
  if (noHosts) return;
  host = await startHost();
  desk = await openDesk();
  repositories = desk.on(host.connection, "AptRepository");
  await host.run("rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*; apt-get -q update 2>&1");
  await addDebs(host, { name: "hr-app", version: "1.0" });
});
after(async () => {
  await desk?.close();
  await host?.stop();
});

const run = (script: string, input?: string): Promise<string> => host.run(script, input);
const flat = (name: string): ValueMap => ({
  name,
  uris: ["file:/srv/repository"],
  suites: ["./"],
  trusted: true,
});
const file = (name: string): string => `/etc/apt/sources.list.d/${name}.sources`;
const left = (): Promise<string> => run("ls /run/holdfast | grep -v apt-lists || :");

/** A text with its signature, as InRelease is. */
function clearsigned(home: string, text: string): string {
  const folder = mkdtempSync(path.join(tmpdir(), "holdfast-release-"));
  try {
    const [plain, signed] = [path.join(folder, "Release"), path.join(folder, "InRelease")];
    writeFileSync(plain, text);
    gpgIn(home, ["--output", signed, "--clearsign", plain]);
    return readFileSync(signed, "utf8");
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("a repository is written, its packages can be installed at once, and it is removed", real, async () => {
  const made = await repositories.create(flat("hr-flat"));
  assert.equal(
    await run(`cat ${file("hr-flat")}; stat -c %a ${file("hr-flat")}`),
    "Types: deb\nURIs: file:/srv/repository\nSuites: ./\nTrusted: yes\n644\n",
  );
  assert.equal(made.state["path"], file("hr-flat"));
  const packages = desk.on(host.connection, "Package");
  await packages.create({ name: "hr-app" });
  assert.equal(await run("dpkg-query -W -f='${Version}' hr-app"), "1.0");
  const stamp = await run(`stat -c '%y %i' ${file("hr-flat")}`);
  assert.deepEqual(await repositories.read(made), made);
  await repositories.repair(made);
  await repositories.create(flat("hr-flat"));
  assert.equal(await run(`stat -c '%y %i' ${file("hr-flat")}`), stamp);
  assert.equal(await left(), "");
  await repositories.delete(made);
  assert.equal(await repositories.read(made), undefined);
  await repositories.delete(made);
});

test("what somebody changed in its file is seen by its property, and put back", real, async () => {
  const made = await repositories.create(flat("hr-drift"));
  const changes = [
    ["sed -i s,/srv/repository,/srv/other,", ["uris[0]"]],
    ["sed -i /Trusted/d", ["trusted"]],
    ["sed -i '1i # a remark'", ["uris[0]"]],
    ["sed -i '1i Enabled: no'", ["uris[0]"]],
  ] as const;
  for (const [script, expected] of changes) {
    await run(`${script} ${file("hr-drift")}`);
    assert.deepEqual(await repositories.drift(made), expected, script);
    await repositories.repair(made);
    assert.deepEqual(await repositories.read(made), made, script);
  }
  await run(`rm ${file("hr-drift")}`);
  assert.equal(await repositories.read(made), undefined);
  await repositories.repair(made);
  assert.deepEqual(await repositories.read(made), made);
  await repositories.delete(made);
});

test("one that cannot be used never takes its place: the former one stays", real, async () => {
  const good = await repositories.create(flat("hr-tried"));
  await assert.rejects(
    repositories.update(good, { ...flat("hr-tried"), uris: ["file:/srv/nowhere"] }),
    /try repository hr-tried: [^]*\/srv\/nowhere/,
  );
  assert.deepEqual(await repositories.read(good), good);
  await assert.rejects(
    repositories.create({ ...flat("hr-untrusted"), trusted: false }),
    /not signed|does not have a Release file/,
  );
  assert.equal(await run(`ls ${file("hr-untrusted")} 2>/dev/null || echo none`), "none\n");
  assert.equal(await left(), "");
  await repositories.delete(good);
});

test(
  "a signed repository is used with its own key, and with no other",
  { ...real, skip: noHosts || (gpgMissing() ?? false) },
  async t => {
    const [right, wrong] = [gpgSigner(t), gpgSigner(t)];
    await run(
      "mkdir -p /srv/signed/dists/stable/main/binary-all /srv/signed/dists/stable/main/binary-amd64 && cp /srv/repository/*.deb /srv/signed/",
    );
    await run(
      "cd /srv/signed && sed 's,^Filename: ./,Filename: ,' /srv/repository/Packages | tee dists/stable/main/binary-all/Packages >dists/stable/main/binary-amd64/Packages; : >dists/stable/main/binary-all/Packages",
    );
    const sums = await run(
      "cd /srv/signed/dists/stable && for f in main/*/Packages; do printf ' %s %s %s\\n' $(sha256sum $f | cut -d' ' -f1) $(stat -c %s $f) $f; done",
    );
    const release = `Suite: stable\nCodename: stable\nArchitectures: amd64 all\nComponents: main\nDate: ${new Date().toUTCString()}\nSHA256:\n${sums}`;
    await run("cat >/srv/signed/dists/stable/InRelease", clearsigned(right.home, release));
    const signed = {
      name: "hr-signed",
      uris: ["file:/srv/signed"],
      suites: ["stable"],
      components: ["main"],
    };
    await assert.rejects(
      repositories.create({ ...signed, signedBy: wrong.publicKeys() }),
      /NO_PUBKEY|not signed/,
    );
    await assert.rejects(repositories.create(signed), /NO_PUBKEY|not signed/);
    const made = await repositories.create({ ...signed, signedBy: right.publicKeys() });
    assert.deepEqual(await repositories.read(made), made);
    assert.match(
      await run("apt-get -q update 2>&1; apt-cache policy hr-app"),
      /file:\/srv\/signed stable\/main/,
    );
    const imported = await repositories.import("hr-signed");
    assert.equal(imported?.inputs["signedBy"], right.publicKeys().trim());
    await repositories.delete(made);
  },
);

test("a repository is imported by its name; a file that says more than one is not", real, async () => {
  await run(
    `cat >${file("hr-theirs")}`,
    "# theirs\nTypes: deb deb-src\nURIs: https://deb.example.org/debian\nSuites: bookworm\n bookworm-updates\nComponents: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n",
  );
  const { connection: _connection, ...properties } = (await repositories.import("hr-theirs"))?.inputs ?? {};
  assert.deepEqual(properties, {
    name: "hr-theirs",
    types: ["deb", "deb-src"],
    uris: ["https://deb.example.org/debian"],
    suites: ["bookworm", "bookworm-updates"],
    components: ["main"],
    signedBy: "/usr/share/keyrings/debian-archive-keyring.gpg",
  });
  await run(
    `cat >${file("hr-theirs")}`,
    "Types: deb\nURIs: file:/a\nSuites: ./\n\nTypes: deb\nURIs: file:/b\nSuites: ./\n",
  );
  await assert.rejects(repositories.import("hr-theirs"), /more than one repository/);
  assert.equal(await repositories.import("hr-nobody"), undefined);
  await run(`rm ${file("hr-theirs")}`);
});

test("a mistake in a repository is told by its property", real, async () => {
  const flaws = async (properties: ValueMap): Promise<string> =>
    (await repositories.flaws({ ...flat("x"), ...properties })).join("\n");
  assert.equal(await flaws({}), "");
  assert.equal(await flaws({ uris: UNKNOWN, suites: UNKNOWN }), "");
  assert.match(await flaws({ name: "a.b" }), /^name must be a name/);
  assert.match(await flaws({ uris: [] }), /^uris must be a list of URIs, of at least one/);
  assert.match(await flaws({ uris: ["deb.example.org"] }), /^uris\[0\] must be a URI/);
  assert.match(await flaws({ uris: ["https://a b"] }), /^uris\[0\]/);
  assert.match(await flaws({ suites: ["bookworm"] }), /^components missing/);
  assert.match(await flaws({ suites: ["bookworm", "./"] }), /^suites must all be paths/);
  assert.match(await flaws({ components: ["main"] }), /^components cannot be given/);
  assert.match(await flaws({ signedBy: "ABCDEF" }), /^signedBy must be a public key in armor/);
  assert.match(await flaws({ signedBy: "/x.gpg" }), /^trusted means that nobody looks/);
});
