/** A container that is built from the repository, behind nginx: commits, drift and reverts with a whole holdfast. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { RunRecord } from "../../src/engine/ports/records.ts";
import type { Files } from "../support/git.ts";
import { openStage } from "../support/holdfast.ts";
import { noHosts, startHost, type LoneHost } from "../support/hosts/hosts.ts";
import { importImage, STOPS_AT_ONCE } from "../support/hosts/images.ts";

const STACK = "web/prod";
let host: LoneHost;
let base: string;
before(async () => {
  if (noHosts) return;
  host = await startHost();
  base = await importImage(host, "base:1", "base");
});
after(() => host?.stop());

/** `page`: what the image serves. */
const files = (page: string, motd: string): Files => ({
  "holdfast.yaml": 'stacks:\n  "*": { firstApply: allow, drift: { every: 1h }, interval: 1s }\n',
  "web/Pulumi.yaml": "name: web\nruntime: nodejs\n",
  "web/Pulumi.prod.yaml": "{}\n",
  "web/app/Containerfile": `FROM ${base}\nCOPY index.html /www/index.html\n`,
  "web/app/index.html": page,
  "web/index.ts": `import { Container, File, Host, NginxSite } from "holdfast/host";

const host = new Host("frodo", { connection: ${JSON.stringify(host.connection)} });
const app = new Container("app", {
  host,
  build: "app/",
  ports: { http: "127.0.0.1:8080:80" },
  secrets: { key: "geheim-geheim" },
  podmanArgs: ${JSON.stringify(STOPS_AT_ONCE)},
  health: { url: "http://127.0.0.1:8080/" },
});
new NginxSite("site", { host, serverName: "app.example.org", proxyTo: app.ports.http });
new File("motd", { host, path: "/etc/motd", content: ${JSON.stringify(motd)} });
`,
});

const page = (): Promise<string> => host.run("curl -fsS -H 'Host: app.example.org' http://127.0.0.1/");
const container = (): Promise<string> => host.run("podman inspect --format '{{.Id}}' app");
const said = (run: RunRecord): string => JSON.stringify(run.failure);

test("what is committed is built, served, found and put back, and reverted", { skip: noHosts }, async t => {
  const stage = await openStage(t, { files: () => files("one", "a") });
  const made = await stage.sync(STACK);
  assert.equal(made.outcome, "converged", said(made));
  assert.equal(await page(), "one");

  const first = await container();
  stage.commit(files("one", "b"));
  const other = await stage.sync(STACK);
  assert.equal(other.outcome, "converged", said(other));
  assert.equal(await container(), first, "another checkout of the same folder is no change");
  assert.equal((await stage.check(STACK)).outcome, "unchanged");

  const second = stage.commit(files("two", "b"));
  const built = await stage.sync(STACK);
  assert.equal(built.outcome, "converged", said(built));
  assert.equal(await page(), "two");

  await host.run("systemctl stop app; rm /etc/nginx/sites-enabled/site");
  assert.equal((await stage.check(STACK)).outcome, "drifted");
  const corrected = await stage.sync(STACK);
  assert.equal(corrected.outcome, "converged", said(corrected));
  assert.equal(await page(), "two");

  stage.repository.revert(second);
  const reverted = await stage.sync(STACK);
  assert.equal(reverted.outcome, "converged", said(reverted));
  assert.equal(await page(), "one");
});
