import assert from "node:assert/strict";
import { test } from "node:test";
import { argumentsOf, MAX_LIST_BYTES, type Operation } from "../../../src/pulumi/arguments.ts";

const place = { stack: "organization/hosts/frodo", configFile: "/run/c.yaml", events: "tcp://unix:/run/e" };
const urn = "urn:pulumi:frodo::hosts::host:index:File::motd";

test("every operation names its stack, config and events, and never asks a person or installs plugins", () => {
  for (const kind of ["destroy-preview", "destroy"] as const) {
    const args = argumentsOf({ kind }, place);
    for (const wanted of [
      "--stack=organization/hosts/frodo",
      "--config-file=/run/c.yaml",
      "--event-log=tcp://unix:/run/e",
      "--non-interactive",
      "--skip-plugin-pre-install",
    ])
      assert.ok(args.includes(wanted), wanted);
  }
});

test("only operations that change something say yes", () => {
  const yes = (args: readonly string[]): boolean => args.includes("--yes") && args.includes("--skip-preview");
  assert.ok(yes(argumentsOf({ kind: "up", exclude: [] }, place)));
  assert.ok(yes(argumentsOf({ kind: "refresh", targets: [] }, place)));
  assert.ok(yes(argumentsOf({ kind: "destroy" }, place)));
  assert.ok(!argumentsOf({ kind: "preview", exclude: [] }, place).includes("--yes"));
  assert.ok(argumentsOf({ kind: "check", exclude: [] }, place).includes("--preview-only"));
  assert.ok(argumentsOf({ kind: "destroy-preview" }, place).includes("--preview-only"));
});

test("what is left out is left out with all that depends on it", () => {
  const args = argumentsOf({ kind: "up", exclude: [urn] }, place);
  assert.ok(args.includes(`--exclude=${urn}`) && args.includes("--exclude-dependents"));
  assert.ok(!argumentsOf({ kind: "up", exclude: [] }, place).includes("--exclude-dependents"));
});

test("a refresh names its targets, or refreshes all where they are too many for a command line", () => {
  assert.ok(argumentsOf({ kind: "refresh", targets: [urn] }, place).includes(`--target=${urn}`));
  const many = Array.from({ length: MAX_LIST_BYTES / urn.length }, (_, index) => `${urn}${index}`);
  assert.ok(!argumentsOf({ kind: "refresh", targets: many }, place).some(arg => arg.startsWith("--target")));
});

test("a repair reads and changes its targets alone", () => {
  for (const kind of ["preview", "up"] as const) {
    const args = (dependents?: true): readonly string[] =>
      argumentsOf(
        { kind, exclude: [], refresh: true, targets: { urns: [urn], ...(dependents && { dependents }) } },
        place,
      );
    assert.ok(args().includes("--refresh") && args().includes(`--target=${urn}`));
    assert.deepEqual(
      [args(), args(true)].map(all => all.includes("--target-dependents")),
      [false, true],
    );
  }
});

test("a refresh by the program's own providers is asked for by name", () => {
  const runs = (operation: Operation): boolean => argumentsOf(operation, place).includes("--run-program");
  assert.ok(runs({ kind: "preview", exclude: [], runProgramForRefresh: true }));
  assert.ok(runs({ kind: "refresh", targets: [urn], runProgram: true }));
  assert.ok(!runs({ kind: "preview", exclude: [] }) && !runs({ kind: "refresh", targets: [urn] }));
});

test("a preview reads reality unless it is told not to", () => {
  const reads = (refresh?: boolean): boolean =>
    argumentsOf({ kind: "preview", exclude: [], refresh }, place).includes("--refresh");
  assert.deepEqual([reads(), reads(true), reads(false)], [true, true, false]);
});

test("an up makes a preview of its own where it is told to", () => {
  const skips = (previews?: true): boolean =>
    argumentsOf({ kind: "up", exclude: [], ...(previews && { previews }) }, place).includes("--skip-preview");
  assert.deepEqual([skips(), skips(true)], [true, false]);
});
