/** What holds where holdfast is not root, and what is said where nothing does. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, chownSync, copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { openHoldfast } from "../../src/commands/wire.ts";
import { readDaemonSettings } from "../../src/config/daemon.ts";
import { makeRepository, tempFolder } from "../support/git.ts";
import { must } from "../support/holdfast.ts";

const holdfast = path.resolve(import.meta.dirname, "../..");
const isRoot = process.getuid?.() === 0;
/** Nobody has this number. */
const USER = 61_234;
const asUser = (command: readonly string[]): readonly [string, readonly string[]] => [
  "setpriv",
  [`--reuid=${USER}`, `--regid=${USER}`, "--clear-groups", ...command],
];

test(
  "an ordinary user gets boxes where the kernel lets it make namespaces",
  { skip: !isRoot && "needs root" },
  t => {
    const root = tempFolder(t);
    chmodSync(root, 0o755);
    const [data, boxes, bin] = ["data", "boxes", "bin"].map(name => path.join(root, name)) as [
      string,
      string,
      string,
    ];
    for (const folder of [data, boxes, bin]) mkdirSync(folder);
    writeFileSync(path.join(data, "state.key"), "of the daemon");
    for (const folder of [data, boxes]) chownSync(folder, USER, USER);
    chmodSync(data, 0o700);
    // Node may be where only root comes.
    const node = path.join(bin, "node");
    copyFileSync(process.execPath, node);
    const can = spawnSync(
      ...(asUser(["unshare", "--user", "--map-root-user", "--net", "true"]) as [string, string[]]),
    ).status;
    const script = path.join(holdfast, "test/fixtures/hostile/box-as-user.ts");
    const [command, args] = asUser([node, script, holdfast, data, boxes]);
    const env = { PATH: `${bin}:/usr/bin:/bin:/usr/sbin:/sbin` };
    const said = JSON.parse(execFileSync(command, args, { env, encoding: "utf8" })) as Record<
      string,
      unknown
    >;
    if (can !== 0) return assert.equal(said["hold"], "none", JSON.stringify(said));
    assert.deepEqual(said, {
      hold: "namespace",
      rights: "0000000000000000",
      data: [],
      processes: true,
      planted: "EROFS",
      interfaces: ["lo"],
    });
  },
);

test("where isolation is required and cannot be had, nothing starts, and it is said why", async t => {
  const repository = makeRepository(t, { files: { "README.md": "nothing\n" } });
  // mount(8) cannot say such a name in a table of mounts.
  const data = path.join(tempFolder(t), "line\nbreak");
  const settings = await readDaemonSettings({
    flags: { repo: repository.url, data, isolation: "required" },
    env: {},
    cwd: repository.folder,
    home: repository.folder,
    uid: 0,
    cpus: 1,
  });
  const opened = await openHoldfast({
    settings: must(settings),
    env: process.env,
    cwd: repository.folder,
    what: "test",
    automatic: false,
    listener: () => undefined,
  });
  assert.ok(!opened.ok && opened.failure.reason === "config-invalid", JSON.stringify(opened));
  assert.match(opened.failure.problems[0]?.message ?? "", /it is required, .*line break/);
});
