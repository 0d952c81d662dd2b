/** What hosts say of packages, users and groups, recorded, and what is understood from it. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";
import type { FactsOf } from "../../../../src/providers/connection/questions.ts";
import { subjects } from "../../../../src/providers/connection/subjects.ts";

type Named = "package" | "candidate" | "user" | "group";

/** What is known of each name after the host said this; null: it is not there. */
function told<K extends Named>(about: K, output: string, ...names: readonly string[]) {
  const subject = subjects[about] as {
    parse(
      output: string,
      questions: readonly { about: K; name: string }[],
    ): readonly (readonly [{ name: string }, FactsOf[K]])[] | string;
  };
  const found = subject.parse(
    output,
    names.map(name => ({ about, name })),
  );
  assert.ok(typeof found !== "string", JSON.stringify(found));
  return names.map(name => found.find(([question]) => question.name === name)?.[1] ?? null);
}

const lines = (...list: readonly string[]): string => list.join("\n");
const installed = (version: string) => ({ version, status: "installed", held: false });

test("a package of two architectures: the plain name means the host's own, in whatever order they come", () => {
  const own = "libc6\tamd64\t2.36-9+deb12u14\tinstalled\tinstall";
  const foreign = "libc6\ti386\t2.36-9+deb12u13\tinstalled\tinstall";
  for (const list of [
    [own, foreign],
    [foreign, own],
  ])
    assert.deepEqual(
      told("package", lines("amd64", ...list), "libc6", "libc6:amd64", "libc6:i386", "libc6:arm64"),
      [installed("2.36-9+deb12u14"), installed("2.36-9+deb12u14"), installed("2.36-9+deb12u13"), null],
    );
});

test("a package that is there for another architecture only is not there under its plain name", () => {
  const output = lines("amd64", "wine32\ti386\t8.0~repack-4\tinstalled\tinstall");
  assert.deepEqual(told("package", output, "wine32", "wine32:i386"), [null, installed("8.0~repack-4")]);
});

test("a package for all architectures is there under its plain name; epochs belong to versions", () => {
  const output = lines(
    "arm64",
    "adduser\tall\t3.134\tinstalled\tinstall",
    "vim\tarm64\t2:9.0.1378-2\tinstalled\thold",
  );
  assert.deepEqual(told("package", output, "adduser", "vim"), [
    installed("3.134"),
    { ...installed("2:9.0.1378-2"), held: true },
  ]);
});

test("of a removed package its configuration may be left; one that was only selected is not there", () => {
  const output = lines(
    "amd64",
    "nginx\tall\t1.22.1-9\tconfig-files\tdeinstall",
    "app\t\t\tnot-installed\tinstall",
    "broken\tamd64\t1.0\thalf-configured\tinstall",
  );
  assert.deepEqual(told("package", output, "nginx", "app", "broken", "nosuch"), [
    { version: "1.22.1-9", status: "config-files", held: false },
    null,
    { version: "1.0", status: "half-configured", held: false },
    null,
  ]);
});

test("the candidate is told for a name as it was asked, and there is none where apt knows none", () => {
  const output = lines(
    "amd64",
    "libc6:",
    "  Installed: 2.36-9+deb12u14",
    "  Candidate: 2.36-9+deb12u15",
    "  Version table:",
    "     2.36-9+deb12u15 500",
    "        500 http://deb.example.org/debian bookworm/main amd64 Packages",
    " *** 2.36-9+deb12u14 100",
    "        100 /var/lib/dpkg/status",
    "libc6:i386:",
    "  Installed: (none)",
    "  Candidate: 1:3.0-1",
    "  Version table:",
    "gone:",
    "  Installed: 1.0",
    "  Candidate: (none)",
    "  Version table:",
  );
  assert.deepEqual(told("candidate", output, "libc6", "libc6:amd64", "libc6:i386", "gone", "nosuch"), [
    { version: "2.36-9+deb12u15" },
    { version: "2.36-9+deb12u15" },
    { version: "1:3.0-1" },
    null,
    null,
  ]);
});

test("a host without dpkg says so, and is not taken for one without packages", async () => {
  for (const about of ["package", "candidate"] as const) {
    const question = { about, name: "app" } as never;
    const script = subjects[about].script([question]);
    const { stdout } = await promisify(execFile)("/bin/sh", ["-c", script], { env: { PATH: "/nowhere" } });
    assert.match(JSON.stringify(subjects[about].parse(stdout, [question])), /dpkg-query is not there/);
  }
});

test("a user's comment may hold anything, and its groups are those that name it", () => {
  const output = lines(
    "deploy:x:1000:1000:Deploy\ttool, of Jürgen,,:/home/deploy:/bin/bash",
    "app:x:998:33::/nonexistent:/usr/sbin/nologin",
    "lone:x:997:4711::/:/bin/sh",
    "====",
    "deploy:x:1000:",
    "www-data:x:33:lone",
    "====",
    "root:x:0:",
    "www-data:x:33:lone",
    "sudo:x:27:deploy,lone",
    "adm:x:4:deployer,deploy",
    "deploy:x:1000:",
  );
  assert.deepEqual(told("user", output, "deploy", "app", "lone", "nobody"), [
    {
      uid: 1000,
      gid: 1000,
      group: "deploy",
      comment: "Deploy\ttool, of Jürgen,,",
      home: "/home/deploy",
      shell: "/bin/bash",
      groups: ["adm", "sudo"],
    },
    {
      uid: 998,
      gid: 33,
      group: "www-data",
      comment: "",
      home: "/nonexistent",
      shell: "/usr/sbin/nologin",
      groups: [],
    },
    {
      uid: 997,
      gid: 4711,
      group: "4711",
      comment: "",
      home: "/",
      shell: "/bin/sh",
      groups: ["sudo", "www-data"],
    },
    null,
  ]);
});

test("where no primary group has a name, and /etc/group an empty line, the other groups are known all the same", () => {
  const users = "lone:x:997:4711::/:/bin/sh";
  const output = lines(users, "====", "====", "root:x:0:", "", "www-data:x:33:lone");
  const lone = { uid: 997, gid: 4711, group: "4711", comment: "", home: "/", shell: "/bin/sh" };
  assert.deepEqual(told("user", output, "lone"), [{ ...lone, groups: ["www-data"] }]);
});

test("where none of the users is there, none is found", () => {
  assert.deepEqual(told("user", "", "a", "b"), [null, null]);
});

test("a group is found by its name, never by a number that getent takes for one", () => {
  const output = lines("deploy:x:1000:", "wheel:x:10:b,a");
  assert.deepEqual(told("group", output, "1000", "wheel"), [null, { gid: 10, members: ["a", "b"] }]);
});

test("this machine answers for itself", async () => {
  const ask = async (about: "user" | "group", name: string) => {
    const { stdout } = await promisify(execFile)("/bin/sh", [
      "-c",
      subjects[about].script([{ about, name } as never]),
    ]);
    return told(about, stdout.trimEnd(), name)[0];
  };
  const root = await ask("user", "root");
  assert.ok(root && "uid" in root);
  assert.deepEqual([root.uid, root.gid, root.group, root.home], [0, 0, "root", "/root"]);
  assert.equal((await ask("user", "no-such-user-here")) ?? null, null);
  const group = await ask("group", "root");
  assert.ok(group && "members" in group);
  assert.equal(group.gid, 0);
});
