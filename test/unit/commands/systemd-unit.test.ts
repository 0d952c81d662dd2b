import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { systemdUnit, type UnitOptions } from "../../../src/commands/systemd-unit.ts";

const options: UnitOptions = {
  program: "/bin/true",
  arguments: ["serve", "--repo", "https://git.example.org/estate.git", "--data", "/var/lib/hold fast"],
  environmentFile: "/etc/holdfast/environment",
  path: ["/usr/local/bin", "/usr/bin", "/bin"],
  user: false,
  home: "/root",
};
const lineOf = (unit: string, key: string): string =>
  unit.split("\n").find(line => line.startsWith(`${key}=`)) ?? "";

test("words keep spaces, quotes, percent and dollar signs", () => {
  const unit = systemdUnit({ ...options, arguments: ["serve", "--data", 'a "b" 100% $HOME \\'] });
  assert.equal(lineOf(unit, "ExecStart"), 'ExecStart=/bin/true serve --data "a \\"b\\" 100%% $$HOME \\\\"');
});

test("systemd waits longer than the daemon lets an apply go on", () => {
  const seconds = Number(lineOf(systemdUnit(options), "TimeoutStopSec").split("=")[1]);
  assert.ok(seconds > 60);
});

test("a person's unit has no setting that implies NoNewPrivileges", () => {
  const unit = systemdUnit({ ...options, user: true });
  assert.doesNotMatch(unit, /NoNewPrivileges|Protect|Restrict|Lock|UMask/);
  assert.match(unit, /WantedBy=default\.target/);
});

const analyze = spawnSync("systemd-analyze", ["--version"]);
test("systemd-analyze verify has nothing to say", { skip: analyze.error && "no systemd here" }, t => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "holdfast-unit-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const verify = (unit: string) => {
    const file = path.join(folder, "holdfast.service");
    writeFileSync(file, unit);
    return spawnSync("systemd-analyze", ["verify", file], { encoding: "utf8" });
  };
  const good = verify(systemdUnit(options));
  assert.equal(good.stderr, "");
  assert.equal(good.status, 0);
  const bad = verify(systemdUnit(options).replace("KillMode=mixed", "KillMode=perhaps"));
  assert.match(bad.stderr, /kill mode/i);
});

test("what a person must mend is not started again and again", () => {
  assert.equal(lineOf(systemdUnit(options), "RestartPreventExitStatus").split("=")[1], "64 65");
});
