/** Signed commits, with the real git, ssh-keygen and gpg. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { appendFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test, type TestContext } from "node:test";
import type { Signatures } from "../../../src/engine/ports/source.ts";
import type { SignerFiles } from "../../../src/source/signers.ts";
import { git, makeRepository, tempFolder, type TestRepository } from "../../support/git.ts";
import {
  certified,
  commitAs,
  gpgIn,
  gpgMissing,
  gpgSigner,
  signersFile,
  sshSigner,
  type SshSigner,
} from "../../support/signers.ts";
import { failureOf, never, openSource, valueOf } from "./open-source.ts";

interface Watched {
  readonly repository: TestRepository;
  /** The first commit, which is deployed. */
  readonly first: string;
  /** Why the branch's head is refused: by commit; empty where it is taken. `known`: default is the first commit. */
  readonly refused: (known?: readonly string[], begin?: string) => Promise<Readonly<Record<string, string>>>;
  readonly signatures: Signatures;
}

function watch(t: TestContext, signers: SignerFiles, of?: Watched): Watched {
  const repository = of?.repository ?? makeRepository(t, { files: { "a.txt": "1" } });
  const first = of?.first ?? repository.head();
  const { source } = openSource(t, repository.url, { signers });
  const signatures = source.signatures ?? assert.fail("signatures are asked for");
  return {
    repository,
    first,
    signatures,
    async refused(known = [first], begin) {
      const { sha } = valueOf(await source.fetch(never));
      const range = { head: sha, known, ...(begin === undefined ? {} : { first: begin }) };
      const verified = await signatures.verify(range);
      if (verified.ok) return {};
      const { failure } = verified;
      assert.ok(failure.reason === "signature-untrusted", JSON.stringify(failure));
      assert.equal(failure.head, sha);
      return Object.fromEntries(failure.commits.map(commit => [commit.sha, commit.why]));
    },
  };
}

const ada = (signer: SshSigner, options = 'namespaces="git" '): string =>
  `ada@example.org ${options}${signer.publicKey}`;

test("commits that an allowed SSH key signed are taken: Ed25519, ECDSA and RSA", async t => {
  const signers = [sshSigner(t), sshSigner(t, "ecdsa"), sshSigner(t, "rsa")];
  const lines = signers.map(signer => ada(signer, ""));
  const watched = watch(t, { allowedSignersFile: signersFile(t, ...lines) });
  for (const signer of signers) commitAs(watched.repository, signer, { "a.txt": signer.publicKey });
  assert.deepEqual(await watched.refused(), {});
});

test("an SSH key counts only as its line in allowed_signers says", async t => {
  const signer = sshSigner(t);
  const other = sshSigner(t);
  const cases: readonly (readonly [string, string, RegExp])[] = [
    ["another key", ada(other), /signed with the ED25519 key SHA256:.*not among the allowed signers/],
    ["expired", ada(signer, 'valid-before="20200101" '), /which has expired \(2020-01-01/],
    ["not yet valid", ada(signer, 'valid-after="20990101" '), /which is not valid before 2099-01-01/],
    ["another namespace", ada(signer, 'namespaces="file" '), /not allowed for the namespace git/],
    ["an empty file", "", /not among the allowed signers/],
  ];
  const base = watch(t, { allowedSignersFile: signersFile(t, "") });
  const sha = commitAs(base.repository, signer, { "a.txt": "2" });
  for (const [name, line, why] of cases) {
    const watched = watch(t, { allowedSignersFile: signersFile(t, line) }, base);
    assert.match((await watched.refused())[sha] ?? "taken", why, name);
  }
});

test("a key that has expired does not count for a commit that is dated back either", async t => {
  const signer = sshSigner(t);
  const watched = watch(t, { allowedSignersFile: signersFile(t, ada(signer, 'valid-before="20200101" ')) });
  const date = "2019-06-01T00:00:00Z";
  const sha = commitAs(
    watched.repository,
    signer,
    { "a.txt": "2" },
    { GIT_COMMITTER_DATE: date, GIT_AUTHOR_DATE: date },
  );
  assert.match((await watched.refused())[sha] ?? "taken", /expired/);
});

test("a revoked SSH key does not count: by a list of keys, and by a KRL", async t => {
  const signer = sshSigner(t);
  const list = signersFile(t, signer.publicKey);
  const krl = path.join(tempFolder(t), "krl");
  execFileSync("ssh-keygen", ["-q", "-k", "-f", krl, `${signer.file}.pub`]);
  const allowedSignersFile = signersFile(t, ada(signer));
  const base = watch(t, { allowedSignersFile });
  const sha = commitAs(base.repository, signer, { "a.txt": "2" });
  for (const revokedSignersFile of [list, krl]) {
    const watched = watch(t, { allowedSignersFile, revokedSignersFile }, base);
    assert.match((await watched.refused())[sha] ?? "taken", /key of ada@example\.org, which was revoked/);
  }
});

test("a certificate counts where its authority is allowed, for the principals of both, while it is valid", async t => {
  const authority = sshSigner(t);
  const ofAuthority = (who: string): string =>
    `${who} cert-authority,namespaces="git" ${authority.publicKey}`;
  const good = certified(t, authority, "ada@example.org");
  const cases: readonly (readonly [string, SshSigner, string, RegExp | undefined])[] = [
    ["as it should be", good, ofAuthority("ada@example.org"), undefined],
    ["a pattern of principals", good, ofAuthority("*@example.org"), undefined],
    ["another principal", good, ofAuthority("bob@example.org"), /names nobody who is allowed/],
    [
      "another authority",
      certified(t, sshSigner(t), "ada@example.org"),
      ofAuthority("ada@example.org"),
      /not among/,
    ],
    [
      "expired",
      certified(t, authority, "ada@example.org", "-3d:-1d"),
      ofAuthority("ada@example.org"),
      /certificate is not valid now/,
    ],
    [
      "not valid yet",
      certified(t, authority, "ada@example.org", "+1d:+3d"),
      ofAuthority("ada@example.org"),
      /certificate is not valid now/,
    ],
    ["the authority as a plain key", good, ada(authority), /not among the allowed signers/],
  ];
  for (const [name, signer, line, why] of cases) {
    const base = watch(t, { allowedSignersFile: signersFile(t, line) });
    const sha = commitAs(base.repository, signer, { "a.txt": name });
    const answer = (await base.refused())[sha];
    if (why) assert.match(answer ?? "taken", why, name);
    else assert.equal(answer, undefined, name);
  }
});

test("a revoked certificate does not count, nor one of a revoked authority", async t => {
  const authority = sshSigner(t);
  const signer = certified(t, authority, "ada@example.org");
  const allowedSignersFile = signersFile(t, `ada@example.org cert-authority ${authority.publicKey}`);
  const base = watch(t, { allowedSignersFile });
  const sha = commitAs(base.repository, signer, { "a.txt": "2" });
  assert.deepEqual(await base.refused(), {});
  const krl = path.join(tempFolder(t), "krl");
  execFileSync("ssh-keygen", ["-q", "-k", "-f", krl, signer.certificate]);
  for (const revokedSignersFile of [krl, signersFile(t, authority.publicKey)]) {
    const watched = watch(t, { allowedSignersFile, revokedSignersFile }, base);
    assert.match((await watched.refused())[sha] ?? "taken", /which was revoked/);
  }
});

test("patterns, lists and negations in allowed_signers work as in OpenSSH", async t => {
  const signer = sshSigner(t);
  const base = watch(t, { allowedSignersFile: signersFile(t, "") });
  commitAs(base.repository, signer, { "a.txt": "2" });
  for (const who of [
    "*@example.org",
    "bob@example.org,ada@example.org",
    '"!eve@example.org,*@example.org"',
  ]) {
    const watched = watch(t, { allowedSignersFile: signersFile(t, `${who} ${signer.publicKey}`) }, base);
    assert.deepEqual(await watched.refused(), {}, who);
  }
});

test("an unsigned commit in the middle is named, however well the head is signed", async t => {
  const signer = sshSigner(t);
  const watched = watch(t, { allowedSignersFile: signersFile(t, ada(signer)) });
  const { repository } = watched;
  commitAs(repository, signer, { "a.txt": "2" });
  const middle = commitAs(repository, undefined, { "a.txt": "3" });
  const head = commitAs(repository, signer, { "a.txt": "4" });
  assert.deepEqual(await watched.refused(), { [middle]: "it is not signed" });
  assert.deepEqual(await watched.refused([middle]), {});
  assert.deepEqual(await watched.refused([head]), {});
});

test("merges count as others: the merge itself, and all that it brings", async t => {
  const signer = sshSigner(t);
  const watched = watch(t, { allowedSignersFile: signersFile(t, ada(signer)) });
  const { repository, first } = watched;
  const merge = (sign: string, ...who: readonly string[]): string => {
    repository.git(...who, "merge", "--quiet", "--no-ff", sign, "-m", "merge", "side");
    repository.git("push", "--quiet", "--force", "origin", "HEAD:refs/heads/main");
    return repository.head();
  };
  repository.git("checkout", "--quiet", "-b", "side");
  const side = commitAs({ ...repository, branch: "side" }, undefined, { "side.txt": "1" });
  repository.git("checkout", "--quiet", "main");
  commitAs(repository, signer, { "a.txt": "2" });
  const beside = repository.head();
  merge("-S", ...signer.settings);
  assert.deepEqual(await watched.refused(), { [side]: "it is not signed" });
  repository.git("reset", "--quiet", "--hard", beside);
  const unsigned = merge("--no-gpg-sign");
  assert.deepEqual(await watched.refused([first, side]), { [unsigned]: "it is not signed" });
});

test("at first sight the head alone is judged; or all from the commit that a person accepted", async t => {
  const signer = sshSigner(t);
  const watched = watch(t, { allowedSignersFile: signersFile(t, ada(signer)) });
  const { repository } = watched;
  const second = commitAs(repository, undefined, { "a.txt": "2" });
  const third = commitAs(repository, signer, { "a.txt": "3" });
  assert.deepEqual(await watched.refused([]), {});
  assert.deepEqual(await watched.refused([], second), { [second]: "it is not signed" });
  assert.deepEqual(await watched.refused([], third), {});
  commitAs(repository, signer, { "a.txt": "4" });
  assert.deepEqual(await watched.refused([], third), {});
  const unsigned = commitAs(repository, undefined, { "a.txt": "5" });
  assert.deepEqual(await watched.refused([]), { [unsigned]: "it is not signed" });
});

test("of a rewritten history all that is new is judged; what nobody knows any more says nothing", async t => {
  const signer = sshSigner(t);
  const watched = watch(t, { allowedSignersFile: signersFile(t, ada(signer)) });
  const { repository, first } = watched;
  const deployed = commitAs(repository, undefined, { "a.txt": "deployed" });
  await watched.refused();
  repository.reset(first);
  const unsigned = commitAs(repository, undefined, { "a.txt": "x" });
  commitAs(repository, signer, { "a.txt": "y" });
  assert.deepEqual(await watched.refused([deployed]), { [unsigned]: "it is not signed" });
  assert.deepEqual(await watched.refused(["f".repeat(40), "--all"]), {});
});

/** Writes a commit object as it is, and makes it the branch's head. */
function forge(repository: TestRepository, raw: Buffer): string {
  const args = ["hash-object", "-t", "commit", "-w", "--literally", "--stdin"];
  const sha = git(repository.folder, args, { input: raw });
  git(repository.folder, ["push", "--quiet", "--force", "origin", `${sha}:refs/heads/main`]);
  return sha;
}

test("a signature counts for the commit that it was made for, and no other", async t => {
  const signer = sshSigner(t);
  const watched = watch(t, { allowedSignersFile: signersFile(t, ada(signer)) });
  const { repository, first } = watched;
  const signed = commitAs(repository, signer, { "a.txt": "2" });
  const raw = (sha: string): string => `${git(repository.folder, ["cat-file", "commit", sha])}\n`;
  const text = raw(signed);
  const tree = git(repository.folder, ["rev-parse", `${first}^{tree}`]);
  const signature = /^gpgsig (?:.*\n )*.*\n/m.exec(text)?.[0] ?? assert.fail("no signature");
  const unsigned = text.replace(signature, "");
  const forged: readonly (readonly [string, string, RegExp])[] = [
    ["another tree", text.replace(/^tree .*/, `tree ${tree}`), /does not fit its content/],
    ["another message", `${text}more\n`, /does not fit its content/],
    ["two signatures", text.replace(signature, signature + signature), /more than one signature/],
    ["in the message", `${unsigned}\n${signature}`, /not signed/],
    ["of the other format", text.replace("gpgsig ", "gpgsig-sha256 "), /not signed/],
    ["before the parents", unsigned.replace("\nparent", `\n${signature}parent`), /not written as git writes/],
    ["X.509", text.replaceAll("SSH SIGNATURE", "SIGNED MESSAGE"), /neither of GPG nor of SSH/],
    ["GPG in name", text.replaceAll("SSH SIGNATURE", "PGP SIGNATURE"), /GPG, and no GPG keys are allowed/],
    ["no base64", text.replace(/^ U1NIU0lH/m, " !!!!!!!!"), /does not fit its content/],
  ];
  for (const [name, content, why] of forged) {
    const sha = forge(repository, Buffer.from(content));
    assert.match((await watched.refused())[sha] ?? "taken", why, name);
  }
  forge(repository, Buffer.from(text));
  assert.deepEqual(await watched.refused(), {});
});

test("SHA-256 repositories work alike", async t => {
  const signer = sshSigner(t);
  const base = tempFolder(t);
  const [bare, folder] = [path.join(base, "bare.git"), path.join(base, "work")];
  for (const [at, more] of [
    [bare, ["--bare"]],
    [folder, []],
  ] as const)
    git(base, ["init", "--quiet", "--object-format=sha256", "--initial-branch=main", ...more, at]);
  git(folder, ["remote", "add", "origin", bare]);
  const run = (...args: readonly string[]): string => git(folder, args);
  const repository = { ...makeRepository(t), folder, bare, git: run, head: () => run("rev-parse", "HEAD") };
  const first = commitAs(repository, undefined, { "a.txt": "1" });
  commitAs(repository, signer, { "a.txt": "2" });
  const signers = { allowedSignersFile: signersFile(t, ada(signer)) };
  const { source } = openSource(t, bare, { signers });
  const head = valueOf(await source.fetch(never)).sha;
  assert.equal(head.length, 64);
  valueOf((await source.signatures?.verify({ head, known: [first] })) ?? assert.fail());
  const bad = await source.signatures?.verify({ head, known: [], first });
  assert.equal(failureOf(bad ?? assert.fail()).reason, "signature-untrusted");
});

test("keys are read anew each time: one that comes, and one that is revoked", async t => {
  const signer = sshSigner(t);
  const allowedSignersFile = signersFile(t, ada(sshSigner(t)));
  const revokedSignersFile = signersFile(t, "");
  const watched = watch(t, { allowedSignersFile, revokedSignersFile });
  const sha = commitAs(watched.repository, signer, { "a.txt": "2" });
  const policy = async (): Promise<string> => valueOf(await watched.signatures.policy());
  const before = await policy();
  assert.equal(await policy(), before);
  assert.deepEqual(Object.keys(await watched.refused()), [sha]);
  appendFileSync(allowedSignersFile, `${ada(signer)}\n`);
  assert.deepEqual(await watched.refused(), {});
  const allowed = await policy();
  assert.notEqual(allowed, before);
  writeFileSync(revokedSignersFile, `${signer.publicKey}\n`);
  assert.match((await watched.refused())[sha] ?? "taken", /revoked/);
  assert.notEqual(await policy(), allowed);
});

test("keys that cannot be read are a mistake in the settings, and nobody's signature counts", async t => {
  const watched = watch(t, { allowedSignersFile: "/nowhere/allowed_signers" });
  const failure = failureOf(await watched.signatures.verify({ head: watched.first, known: [] }));
  assert.match(JSON.stringify(failure), /config-invalid.*allowedSignersFile: cannot be read: ENOENT/);
  const { signatures } = watch(t, { gpgKeys: "-----BEGIN PGP PUBLIC KEY BLOCK-----\n" });
  assert.match(
    JSON.stringify(failureOf(await signatures.policy())),
    /gpgKeys: holds no public key|gpg cannot/,
  );
});

test("GPG: good, unknown, expired, revoked, of a subkey, and beside SSH", { skip: gpgMissing() }, async t => {
  const signer = gpgSigner(t);
  const file = (text: string): string => signersFile(t, text.trimEnd());

  await t.test("an allowed key, from a file, as text, and beside an SSH key", async () => {
    const ssh = sshSigner(t);
    for (const signers of [
      { gpgKeysFile: file(signer.publicKeys()) },
      { gpgKeys: signer.publicKeys() },
      { gpgKeys: signer.publicKeys(), allowedSignersFile: signersFile(t, ada(ssh)) },
    ]) {
      const watched = watch(t, signers);
      commitAs(watched.repository, signer, { "a.txt": "2" });
      if ("allowedSignersFile" in signers) commitAs(watched.repository, ssh, { "a.txt": "3" });
      assert.deepEqual(await watched.refused(), {});
    }
  });

  await t.test("a key that is not allowed", async () => {
    const other = gpgSigner(t);
    const watched = watch(t, { gpgKeys: other.publicKeys() });
    const sha = commitAs(watched.repository, signer, { "a.txt": "2" });
    const why = (await watched.refused())[sha] ?? "taken";
    assert.match(why, new RegExp(`GPG key ${signer.fingerprint.slice(-16)}, which is not among`));
  });

  await t.test("a key that has expired since", async () => {
    const old = gpgSigner(t, "2020-12-31", "20200101T000000");
    // gpg signs with it only in its own time.
    const wrapper = path.join(old.home, "gpg-then");
    writeFileSync(wrapper, '#!/bin/sh\nexec gpg --faked-system-time 20200201T000000! "$@"\n', {
      mode: 0o755,
    });
    const then = { ...old, settings: [...old.settings, "-c", `gpg.program=${wrapper}`] };
    const watched = watch(t, { gpgKeys: old.publicKeys() });
    const sha = commitAs(watched.repository, then, { "a.txt": "2" });
    assert.match((await watched.refused())[sha] ?? "taken", /key [0-9A-F]{16}, which has expired/);
  });

  await t.test("a subkey, and a key that is revoked afterwards in the operator's file", async () => {
    const lost = gpgSigner(t);
    gpgIn(lost.home, ["--quick-add-key", lost.fingerprint, "ed25519", "sign", "never"]);
    const gpgKeysFile = file(lost.publicKeys());
    const watched = watch(t, { gpgKeysFile });
    const sha = commitAs(watched.repository, lost, { "a.txt": "2" });
    assert.deepEqual(await watched.refused(), {});
    const stored = path.join(lost.home, "openpgp-revocs.d", `${lost.fingerprint}.rev`);
    const certificate = path.join(lost.home, "revoke");
    execFileSync("sed", [`s/^:-----BEGIN/-----BEGIN/w ${certificate}`, stored]);
    writeFileSync(certificate, execFileSync("sed", ["s/^:-----BEGIN/-----BEGIN/", stored]));
    gpgIn(lost.home, ["--import", certificate]);
    writeFileSync(gpgKeysFile, lost.publicKeys());
    assert.match((await watched.refused())[sha] ?? "taken", /which was revoked/);
  });

  await t.test("a private key is no key for a settings file", async () => {
    const secret = gpgIn(signer.home, ["--armor", "--export-secret-keys"]);
    const { signatures } = watch(t, { gpgKeys: secret });
    assert.match(JSON.stringify(failureOf(await signatures.policy())), /holds a private key/);
  });
});
