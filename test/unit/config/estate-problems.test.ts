import assert from "node:assert/strict";
import { symlinkSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { createEstateReader } from "../../../src/config/estate-reader.ts";
import { makeTree } from "../../support/tree.ts";
import { allProblems, lines, problemsOf, PROJECTS, readProblems } from "./reading.ts";

test("a file with many mistakes says all of them, each with line and column", async context => {
  const said = await problemsOf(
    context,
    `organisation: acme
stacks:
  "hosts/*":
    intervall: 30s
    drift: { every: 10, action: repair }
    timeout: 8d
    env: { PULUMI_HOME: /tmp, LD_PRELOAD: /x.so, "a b": c, PORT: 80 }
    windows: [{ allow: "Monday", zone: Europe/Berln }]
    ignoreDrift: [{ owner: hpa, why: x }, { path: a, owner: hpa, why: x, until: 2027-02-30 }, { path: a }]
    limits: { deletes: -1, percent: 200 }
    secrets: [../x.sops.yaml, /etc/x]
    dependsOn: hosts/frodo
  "cluster/prod": null
`,
  );
  const known = "(did you mean";
  assert.deepEqual(said, [
    `holdfast.yaml:1:1 unknown key "organisation" ${known} "organization"?)`,
    `holdfast.yaml:4:5 unknown key "stacks["hosts/*"].intervall" ${known} "interval"?)`,
    'holdfast.yaml:5:21 stacks["hosts/*"].drift.every: write a duration with its unit, such as "30s", "10m" or "1h30m"',
    'holdfast.yaml:5:33 stacks["hosts/*"].drift.action: must be one of: correct, notify',
    'holdfast.yaml:6:14 stacks["hosts/*"].timeout: 8d is out of range: from 1s to 1d',
    'holdfast.yaml:7:12 stacks["hosts/*"].env.PULUMI_HOME: holdfast sets this environment variable itself, or it would change how its own processes run',
    'holdfast.yaml:7:31 stacks["hosts/*"].env.LD_PRELOAD: holdfast sets this environment variable itself, or it would change how its own processes run',
    'holdfast.yaml:7:50 stacks["hosts/*"].env["a b"]: not a name of an environment variable',
    'holdfast.yaml:7:66 stacks["hosts/*"].env.PORT: write text; put numbers, true and false in quotes',
    'holdfast.yaml:8:24 stacks["hosts/*"].windows[0].allow: write days and times, such as "Mon-Fri 08:00-17:00", "Sat 22:00-04:00" or "08:00-17:00"',
    'holdfast.yaml:8:40 stacks["hosts/*"].windows[0].zone: "Europe/Berln" is no IANA time zone; they are written like Europe/Berlin or America/New_York',
    'holdfast.yaml:9:19 stacks["hosts/*"].ignoreDrift[0]: say what is meant with at least one of type, name and path',
    'holdfast.yaml:9:81 stacks["hosts/*"].ignoreDrift[1].until: 2027-02-30 is not a day of the calendar',
    'holdfast.yaml:9:95 stacks["hosts/*"].ignoreDrift[2].owner: text is wanted here',
    'holdfast.yaml:9:95 stacks["hosts/*"].ignoreDrift[2].why: text is wanted here',
    'holdfast.yaml:10:24 stacks["hosts/*"].limits.deletes: Too small: expected number to be >=0',
    'holdfast.yaml:10:37 stacks["hosts/*"].limits.percent: Too big: expected number to be <=100',
    'holdfast.yaml:11:15 stacks["hosts/*"].secrets[0]: write a path from the root of the repository on, with "/", and without ".."',
    'holdfast.yaml:11:31 stacks["hosts/*"].secrets[1]: write a path from the root of the repository on, with "/", and without ".."',
    'holdfast.yaml:12:16 stacks["hosts/*"].dependsOn: a list is wanted here',
    'holdfast.yaml:13:19 stacks["cluster/prod"]: keys with values is wanted here',
  ]);
});

test("patterns, dependencies and files are held against the tree", async context => {
  const said = await problemsOf(
    context,
    `stacks:
  "hosts/frod": {}
  "host/*": {}
  hosts: {}
  "hosts/*":
    dependsOn: [cluster/prd]
    secrets: [secrets/hosts.sops.yaml, secrets/none.sops.yaml]
`,
  );
  assert.deepEqual(said, [
    'holdfast.yaml:2:3 "hosts/frod" matches no stack (did you mean "hosts/frodo"?)',
    'holdfast.yaml:3:3 "host/*" matches no stack (a stack is a file Pulumi.<stack>.yaml beside a Pulumi.yaml (it may be empty); `<project>` is the name in Pulumi.yaml)',
    'holdfast.yaml:4:3 "hosts" is no pattern of stacks (write "<project>/<stack>", or "*" for all)',
    'holdfast.yaml:6:17 dependsOn: there is no stack "cluster/prd" (did you mean "cluster/prod"?)',
    'holdfast.yaml:7:40 secrets: there is no file "secrets/none.sops.yaml"',
  ]);
});

test("a cycle is written out, at the line that makes it", async context => {
  const said = await problemsOf(
    context,
    `stacks:
  "hosts/frodo": { dependsOn: [cluster/prod] }
  "hosts/camelot": { dependsOn: [hosts/camelot] }
  "cluster/prod":
    dependsOn: [hosts/frodo]
`,
  );
  assert.deepEqual(said, [
    "holdfast.yaml:3:22 stacks wait for each other: hosts/camelot -> hosts/camelot (take one of these dependencies away)",
    "holdfast.yaml:5:5 stacks wait for each other: cluster/prod -> hosts/frodo -> cluster/prod (take one of these dependencies away)",
  ]);
});

test("a diamond of dependencies is no cycle", async context => {
  const root = makeTree(context, {
    ...PROJECTS,
    "hosts/Pulumi.sam.yaml": "",
    "holdfast.yaml": `stacks:
  "*": {}
  "hosts/*": { dependsOn: [cluster/prod] }
  "hosts/sam": { dependsOn: [hosts/frodo, hosts/camelot] }
`,
  });
  assert.ok((await createEstateReader().read(root)).ok);
});

test("duplicate keys, aliases without an anchor and unknown tags are errors with their place", async context => {
  const twice = await problemsOf(context, 'stacks:\n  "hosts/*": {}\n  "hosts/*": {}\n');
  assert.deepEqual(twice, ["holdfast.yaml:3:3 this key is there twice; keep one of them"]);
  const tag = await problemsOf(context, "organization: !env ORG\n");
  assert.match(tag[0] ?? "", /^holdfast\.yaml:1:15 not valid YAML: Unresolved tag/);
});

test("a value that came through an alias is reported where it was written", async context => {
  const said = await problemsOf(
    context,
    `stacks:
  "hosts/frodo": &base
    drift: { every: soon }
  "hosts/camelot": *base
`,
  );
  assert.deepEqual(
    said.map(line => line.split(" ")[0]),
    ["holdfast.yaml:3:21", "holdfast.yaml:3:21"],
  );
});

test("hosts that tell need the probe, and true or false", async context => {
  const said = await problemsOf(
    context,
    `stacks:
  "hosts/frodo": { drift: { probe: off, watch: true } }
  "hosts/camelot": { drift: { watch: sometimes } }
`,
  );
  assert.deepEqual(said, [
    'holdfast.yaml:2:48 stacks["hosts/frodo"].drift.watch: what hosts tell is looked at by the probe, which is off here',
    'holdfast.yaml:3:38 stacks["hosts/camelot"].drift.watch: true or false is wanted here',
  ]);
});

test("problems of project files and of holdfast.yaml come together", async context => {
  const problems = await readProblems(context, {
    ...PROJECTS,
    "vms/Pulumi.yaml": "runtime: nodejs\n",
    "holdfast.yaml": "stack: {}\n",
  });
  assert.deepEqual(lines(problems), [
    'holdfast.yaml:1:1 unknown key "stack" (did you mean "stacks"?)',
    "vms/Pulumi.yaml:1:1 name: the project needs a name of letters, digits, - _ and .",
  ]);
});

test("a holdfast.yml is not silently passed over", async context => {
  const problems = await readProblems(context, { ...PROJECTS, "holdfast.yml": "stacks: {}\n" });
  assert.deepEqual(lines(problems), [
    "holdfast.yml this file is not read under this name (rename it to holdfast.yaml)",
  ]);
});

test("a secrets file that is a link out of the checkout is refused", async context => {
  const root = makeTree(context, {
    ...PROJECTS,
    "holdfast.yaml": 'stacks: { "hosts/*": { secrets: [secrets/out.sops.yaml] } }\n',
  });
  symlinkSync("/etc/hostname", path.join(root, "secrets", "out.sops.yaml"));
  assert.deepEqual(lines(allProblems(await createEstateReader().read(root))), [
    'holdfast.yaml:1:34 secrets: "secrets/out.sops.yaml" leads out of the repository',
  ]);
});

test("keys that JavaScript treats in its own way are only keys", async context => {
  const said = await problemsOf(context, "__proto__: { polluted: true }\nconstructor: x\n");
  assert.equal(said.length, 2);
  assert.match(said[0] ?? "", /unknown key "__proto__"/);
  assert.equal(({} as Record<string, unknown>)["polluted"], undefined);
});
