/** A host as plain files in Git, on a real host: units run, nginx is reloaded, a container answers, and a revert brings all of it back. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { RunRecord } from "../../src/engine/ports/records.ts";
import { until } from "../support/daemon-stage.ts";
import type { Files } from "../support/git.ts";
import { openStage } from "../support/holdfast.ts";
import { importImage, STOPS_AT_ONCE } from "../support/hosts/images.ts";
import { noHosts, startHost, type LoneHost } from "../support/hosts/hosts.ts";

const skip = noHosts;
let host: LoneHost;
let image = "";
before(async () => {
  if (skip !== false) return;
  host = await startHost("plain");
  image = await importImage(host, "web:one", "a container");
  await host.run("systemctl start nginx.service");
});
after(() => host?.stop());

const INSTALL = "\n[Install]\nWantedBy=multi-user.target\n";

const estate = (): Files => ({
  "holdfast.yaml": `stacks:
  "hosts/plain":
    firstApply: allow
    limits: { deletes: 100, percent: 100 }
    host:
      connection: ${JSON.stringify({ ...host.as("deploy") })}
      sudo: true
      files: plain/files
      units: plain/units
      cron: plain/cron
      containers: plain/containers
      values: { greeting: hello, seconds: 1000 }
      paths:
        "/etc/nginx/**": { reload: nginx.service, check: nginx -t }
        "/etc/app/": { mode: "0750" }
        "/etc/app/**": { restart: app.service }
        "/etc/sudoers.d/*": { mode: "0440", validate: "visudo -cf %s" }
`,
  "plain/files/etc/nginx/conf.d/app.conf.tmpl":
    'server { listen 127.0.0.1:8099; location / { return 200 "{{ greeting }}"; } }\n',
  "plain/files/etc/app/environment.tmpl": "SECONDS_TO_SLEEP={{ seconds }}\n",
  "plain/files/etc/sudoers.d/app": "# nothing yet\n",
  "plain/units/app.service": `[Service]\nEnvironmentFile=/etc/app/environment\nExecStart=/bin/sleep $SECONDS_TO_SLEEP\n${INSTALL}`,
  "plain/units/app.service.d/limits.conf": "[Service]\nLimitNOFILE=4096\n",
  "plain/cron/backup": "15 3 * * * root /bin/true\n",
  "plain/containers/web.yaml.tmpl": `image: ${image}
ports: { http: "127.0.0.1:8098:80" }
environment: { GREETING: "{{ greeting }}" }
podmanArgs: ${JSON.stringify(STOPS_AT_ONCE)}
health: { url: "http://127.0.0.1:8098/" }
`,
});

const said = (run: RunRecord): string => JSON.stringify(run.failure, undefined, 1);
const get = (port: number): Promise<string> => host.run(`curl -fsS --max-time 5 http://127.0.0.1:${port}/`);
/** Where nginx was told to reload, its old workers may take a last request. */
const serves = (text: string): Promise<unknown> =>
  until(`nginx serves ${text}`, async () => (await get(8099)) === text);
const command = (): Promise<string> =>
  host.run("tr '\\0' ' ' </proc/$(systemctl show -P MainPID app.service)/cmdline");

test("plain files make a whole host, and a revert brings the former one back", { skip }, async t => {
  const stage = await openStage(t, { files: estate });
  const made = await stage.sync("hosts/plain");
  assert.equal(made.outcome, "converged", said(made));

  await t.test("everything runs", async () => {
    await serves("hello");
    assert.equal((await get(8098)).trim(), "a container");
    assert.equal((await command()).trim(), "/bin/sleep 1000");
    assert.equal((await host.run("systemctl is-enabled app.service")).trim(), "enabled");
    assert.equal((await host.run("systemctl show -P LimitNOFILE app.service")).trim(), "4096");
    assert.equal((await host.run("stat -c %a /etc/app /etc/sudoers.d/app | tr '\\n' ' '")).trim(), "750 440");
    assert.equal((await host.run("podman exec web /bin/sh -c 'echo $GREETING'")).trim(), "hello");
    assert.equal(await host.run("cat /etc/cron.d/backup"), "15 3 * * * root /bin/true\n");
  });

  await t.test("it is in sync with itself", async () => {
    const again = await stage.sync("hosts/plain");
    assert.equal(again.outcome, "unchanged", said(again));
  });

  await t.test("a changed value reaches all that use it: reloaded, restarted, made anew", async () => {
    const text = String(estate()["holdfast.yaml"]).replace("hello, seconds: 1000", "bye, seconds: 2000");
    const commit = stage.commit({ "holdfast.yaml": text });
    const changed = await stage.sync("hosts/plain");
    assert.equal(changed.outcome, "converged", said(changed));
    await serves("bye");
    assert.equal((await command()).trim(), "/bin/sleep 2000");
    assert.equal((await host.run("podman exec web /bin/sh -c 'echo $GREETING'")).trim(), "bye");
    stage.repository.revert(commit);
    const reverted = await stage.sync("hosts/plain");
    assert.equal(reverted.outcome, "converged", said(reverted));
    await serves("hello");
    assert.equal((await command()).trim(), "/bin/sleep 1000");
  });

  await t.test("what its check refuses does not take the place of what works", async () => {
    const commit = stage.commit({ "plain/files/etc/sudoers.d/app": "this is no rule\n" });
    const refused = await stage.sync("hosts/plain");
    assert.equal(refused.failure?.reason, "apply-failed", said(refused));
    assert.equal(await host.run("cat /etc/sudoers.d/app"), "# nothing yet\n");
    stage.repository.revert(commit);
    const back = await stage.sync("hosts/plain");
    assert.ok(back.outcome === "converged" || back.outcome === "unchanged", said(back));
  });

  await t.test("what somebody stops, edits or takes away is put back", async () => {
    await host.run("systemctl stop app.service; echo >>/etc/nginx/conf.d/app.conf; rm /etc/cron.d/backup");
    const run = await stage.sync("hosts/plain");
    assert.equal(run.outcome, "converged", said(run));
    assert.equal((await host.run("systemctl is-active app.service")).trim(), "active");
    assert.equal(await host.run("cat /etc/cron.d/backup"), "15 3 * * * root /bin/true\n");
    await serves("hello");
  });

  await t.test("what is gone from Git is gone from the host", async () => {
    stage.commit({ "plain/containers/web.yaml.tmpl": null, "plain/containers/.gitkeep": "" });
    const run = await stage.sync("hosts/plain");
    assert.equal(run.outcome, "converged", said(run));
    assert.equal((await host.run("podman ps -aq --filter name=^web$")).trim(), "");
  });
});
