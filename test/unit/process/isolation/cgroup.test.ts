/** On plain files: what is written where, and what is read. The kernel's part is tried at each start with a box. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { openGroups, ownGroup } from "../../../../src/process/isolation/cgroup.ts";
import { makeTree } from "../../../support/tree.ts";

const LIMITS = { memory: 4e9, processes: 512 };
const FILES = {
  "cgroup.controllers": "cpuset cpu io memory pids\n",
  "cgroup.subtree_control": "",
  "cgroup.procs": `${process.pid}\n`,
  "daemon/cgroup.procs": "",
};

const at = (root: string, name: string): string => readFileSync(path.join(root, name), "utf8");

function opened(t: TestContext, files: Readonly<Record<string, string>> = FILES) {
  const root = makeTree(t, files);
  return { root, groups: openGroups(root) };
}

test("our own group is found where the tree is mounted", () => {
  const mounts = "30 20 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw\n";
  assert.equal(
    ownGroup(mounts, "0::/system.slice/holdfast.service\n"),
    "/sys/fs/cgroup/system.slice/holdfast.service",
  );
  const part = "30 20 0:26 /docker/x /sys/fs/cgroup rw - cgroup2 cgroup rw\n";
  assert.equal(ownGroup(part, "0::/docker/x/y\n"), "/sys/fs/cgroup/y");
  assert.equal(ownGroup(part, "0::/elsewhere\n"), undefined);
  assert.equal(ownGroup(mounts, "0::/../x\n"), undefined);
  assert.equal(
    ownGroup("30 20 0:26 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n", "8:pids:/\n"),
    undefined,
  );
});

test("we move down, hand the controllers on, and each box has a group with its limits", t => {
  const { root, groups } = opened(t);
  assert.ok(groups);
  assert.equal(at(root, "daemon/cgroup.procs"), String(process.pid));
  assert.equal(at(root, "cgroup.subtree_control"), "+memory +pids +cpu");
  const group = groups.make("a", LIMITS);
  assert.equal(at(root, "box-a/memory.max"), "4000000000");
  assert.equal(at(root, "box-a/pids.max"), "512");
  assert.equal(group.procs, path.join(root, "box-a/cgroup.procs"));
  assert.equal(group.reached(), undefined);
  writeFileSync(path.join(root, "box-a/pids.events"), "max 3\n");
  assert.equal(group.reached(), "processes");
  writeFileSync(path.join(root, "box-a/memory.events"), "low 0\noom 1\noom_kill 1\n");
  assert.equal(group.reached(), "memory");
  group.remove(); // plain files are in it: it stays, and nothing is thrown
});

test("a group that others are in, or without the controllers, is left alone", t => {
  for (const [name, text] of [
    ["cgroup.procs", `${process.pid}\n1\n`],
    ["cgroup.procs", ""],
    ["cgroup.controllers", "cpu pids\n"],
  ] as const) {
    const { root, groups } = opened(t, { ...FILES, [name]: text });
    assert.equal(groups, undefined, name);
    assert.equal(at(root, "cgroup.subtree_control"), "");
  }
});

test("a second start in the group that the first one made takes it over", t => {
  const { root } = opened(t, { ...FILES, "cgroup.subtree_control": "cpu memory pids\n", "cgroup.procs": "" });
  assert.ok(openGroups(path.join(root, "daemon"))?.make("b", LIMITS));
  assert.ok(existsSync(path.join(root, "box-b")));
});
