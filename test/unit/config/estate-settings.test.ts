import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULT_SETTINGS } from "../../../src/config/stack-settings.ts";
import { PROJECTS, readEstate, settingsOf } from "./reading.ts";

const EXAMPLE = `
organization: acme
organizationAliases: [acme-old]
allowScripts: [esbuild, "@acme/native"]
stacks:
  "*":            { interval: 45s, drift: { every: 5m, action: correct } }
  "hosts/*":
    secrets: [./secrets/hosts.sops.yaml]
    drift: { probe: 30s, watch: true }
    env: { KUBECONFIG: /etc/holdfast/kubeconfig, A: "1" }
  "cluster/prod":
    dependsOn: [hosts/camelot]
    approval: required
    limits: { deletes: 3, replaces: 1, percent: 20 }
    windows: [{ allow: "Mon-Fri 08:00-17:00", zone: Europe/Berlin }]
    ignoreDrift:
      - { type: "kubernetes:apps/v1:Deployment", path: spec.replicas, owner: hpa, until: 2027-01-01, why: autoscaler }
  "hosts/frodo":  { drift: { action: notify }, env: { A: "2" }, firstApply: allow, prune: true, timeout: 1h30m }
`;

test("later patterns win key by key, also within drift, limits and env", async context => {
  assert.deepEqual(await settingsOf(context, EXAMPLE, "hosts/frodo"), {
    ...DEFAULT_SETTINGS,
    managed: true,
    interval: 45_000,
    drift: { every: 300_000, action: "notify", probe: 30_000, watch: true },
    secrets: ["secrets/hosts.sops.yaml"],
    env: { KUBECONFIG: "/etc/holdfast/kubeconfig", A: "2" },
    firstApply: "allow",
    prune: true,
    timeout: 5_400_000,
  });
});

test("what concerns one stack does not reach another", async context => {
  const settings = await settingsOf(context, EXAMPLE, "cluster/prod");
  assert.deepEqual(settings.dependsOn, ["hosts/camelot"]);
  assert.deepEqual(settings.limits, { deletes: 3, replaces: 1, percent: 20 });
  assert.deepEqual(settings.windows, [{ allow: "Mon-Fri 08:00-17:00", zone: "Europe/Berlin" }]);
  assert.equal(settings.ignoreDrift[0]?.until, "2027-01-01");
  assert.deepEqual(settings.secrets, []);
});

test("organization, aliases and scripts are the estate's", async context => {
  const estate = await readEstate(context, { ...PROJECTS, "holdfast.yaml": EXAMPLE });
  assert.equal(estate.organization, "acme");
  assert.deepEqual(estate.organizationAliases, ["acme-old"]);
  assert.deepEqual(estate.allowScripts, ["esbuild", "@acme/native"]);
});

test("a stack that no pattern matches is not managed and has the defaults", async context => {
  const settings = await settingsOf(context, 'stacks: { "hosts/*": {} }', "cluster/prod");
  assert.deepEqual(settings, DEFAULT_SETTINGS);
  assert.equal((await settingsOf(context, 'stacks: { "hosts/*": {} }', "hosts/frodo")).managed, true);
});

test("an empty holdfast.yaml manages nothing", async context => {
  const estate = await readEstate(context, { ...PROJECTS, "holdfast.yaml": "# later\n" });
  assert.ok(estate.stacks.every(({ settings }) => !settings.managed));
});
