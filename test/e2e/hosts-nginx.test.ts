/** Sites of nginx on a real host: judged before they are switched, put back where they fail, found when changed by hand. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { ValueMap } from "../../src/providers/grpc/value.ts";
import { noHosts, startHost, type LoneHost } from "../support/hosts/hosts.ts";
import { messageOf, openDesk, without, type Desk, type Resources } from "../support/hosts/resources.ts";

let host: LoneHost;
let desk: Desk;
let sites: Resources;
before(async () => {
  if (noHosts) return;
  host = await startHost();
  desk = await openDesk();
  sites = desk.on({ ...host.as("deploy"), sudo: true }, "NginxSite");
  await host.run("for p in one two; do mkdir -p /srv/$p && echo $p >/srv/$p/index.html; done");
});
after(async () => {
  await desk?.close();
  await host?.stop();
});

const skip = noHosts;

const site = (name: string, more: ValueMap = {}): ValueMap => ({
  name,
  serverName: `${name}.example.org`,
  root: "/srv/one",
  health: { url: `http://${name}.example.org/`, within: 10 },
  ...more,
});
const page = async (name: string, path = ""): Promise<string> =>
  (
    await host.run(`curl -sk --resolve ${name}.example.org:80:127.0.0.1 http://${name}.example.org/${path}`)
  ).trim();
const live = (): Promise<string> => host.run("nginx -t 2>&1; systemctl is-active nginx");

test(
  "a site is served once it is made, changes at once, and is gone when it is deleted",
  { skip },
  async () => {
    let made = await sites.create(site("plain"));
    assert.equal(made.state["path"], "/etc/nginx/sites-available/plain");
    assert.equal(await page("plain"), "one");
    assert.deepEqual(await sites.drift(made), []);
    made = await sites.update(made, site("plain", { root: "/srv/two" }));
    assert.equal(await page("plain"), "two");
    await sites.delete(made);
    await sites.delete(made);
    assert.equal(await sites.read(made), undefined);
    assert.notEqual(await page("plain"), "two");
    const left =
      "ls -d /etc/nginx/sites-*/plain /var/lib/holdfast/nginx/plain /etc/holdfast/nginx/plain 2>/dev/null; :";
    assert.equal(await host.run(left), "");
  },
);

test(
  "one that passes requests on reaches who is behind it, and locations are as given",
  { skip },
  async () => {
    const backend = await sites.create(
      site("backend", { listen: ["127.0.0.1:18101"], health: { command: "true" } }),
    );
    const properties = site("front", {
      proxyTo: "127.0.0.1:18101",
      locations: { "= /healthz": 'return 200 "fine";' },
      extra: "add_header X-Site front always;",
    });
    const front = await sites.create(without(properties, "root"));
    assert.equal(await page("front"), "one");
    assert.equal(await page("front", "healthz"), "fine");
    await sites.delete(front);
    await sites.delete(backend);
  },
);

test(
  "a certificate and its key are the site's own, the key is for root alone, and port 80 leads to it",
  { skip },
  async () => {
    await host.run(
      "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=tls.example.org -keyout /root/k.pem -out /root/c.pem 2>/dev/null",
    );
    const certificate = await host.run("cat /root/c.pem");
    const tls = { certificate, key: await host.run("cat /root/k.pem") };
    const health = { url: "https://tls.example.org/", within: 10 };
    const made = await sites.create(site("tls", { tls, health }));
    assert.match(await page("tls"), /301/);
    assert.equal(
      (await host.run("curl -sk --resolve tls.example.org:443:127.0.0.1 https://tls.example.org/")).trim(),
      "one",
    );
    assert.match(await host.run("stat -c %a /etc/holdfast/nginx/tls/key.pem"), /^600/);
    await host.run("chmod 644 /etc/holdfast/nginx/tls/key.pem");
    assert.deepEqual(await sites.drift(made), ["tls"]);
    await sites.repair(made);
    assert.deepEqual(await sites.drift(made), []);
    await sites.delete(made);
  },
);

test("what somebody does to it by hand is found, and put back", { skip }, async () => {
  const made = await sites.create(site("meddled"));
  const meddled: readonly (readonly [script: string, drift: readonly string[]])[] = [
    ["sed -i s,/srv/one,/srv/two, /etc/nginx/sites-available/meddled && systemctl reload nginx", ["file"]],
    ["rm /etc/nginx/sites-enabled/meddled && systemctl reload nginx", ["enabled"]],
    ["echo 'nonsense on;' >>/etc/nginx/sites-available/meddled", ["file"]],
    ["chmod 600 /etc/nginx/sites-available/meddled", ["file"]],
    [
      "cp --remove-destination /etc/nginx/sites-available/default /etc/nginx/sites-enabled/meddled",
      ["enabled"],
    ],
  ];
  for (const [script, drift] of meddled) {
    await host.run(script);
    assert.deepEqual(await sites.drift(made), drift, script);
    await sites.repair(made);
    assert.deepEqual(await sites.drift(made), [], script);
    assert.equal(await page("meddled"), "one", script);
  }
  await host.run("rm /etc/nginx/sites-available/meddled");
  assert.equal(await sites.read(made), undefined);
  await sites.repair(made);
  assert.equal(await page("meddled"), "one");
  await sites.delete(made);
});

test(
  "what nginx refuses never stands in its live configuration, and the former site goes on",
  { skip },
  async () => {
    const made = await sites.create(site("judged"));
    const before = await host.run("stat -c '%i %Z' /etc/nginx/sites-available/judged");
    assert.match(
      await messageOf(sites.update(made, site("judged", { extra: "nonsense on;" }))),
      /unknown directive "nonsense"/,
    );
    assert.equal(await host.run("stat -c '%i %Z' /etc/nginx/sites-available/judged"), before);
    assert.match(await messageOf(sites.create(site("fresh", { extra: "}" }))), /nothing was changed/);
    assert.equal(await host.run("ls -d /etc/nginx/sites-*/fresh 2>/dev/null; :"), "");
    assert.match(await live(), /successful[^]*active/);
    assert.equal(await page("judged"), "one");
    await sites.delete(made);
  },
);

test("a site that is not healthy, or whose address is in use, is put back at once", { skip }, async () => {
  const made = await sites.create(site("healthy"));
  const health = { url: "http://healthy.example.org/", within: 1 };
  const ill = await messageOf(sites.update(made, site("healthy", { extra: "return 503;", health })));
  assert.match(ill, /503[^]*The former site is back/);
  assert.equal(await page("healthy"), "one");
  const taken = await messageOf(sites.update(made, site("healthy", { listen: ["22"] })));
  assert.match(taken, /in use[^]*The former site is back/);
  assert.equal(await page("healthy"), "one");
  const first = await messageOf(
    sites.create(
      site("new", { extra: "return 503;", health: { url: "http://new.example.org/", within: 1 } }),
    ),
  );
  assert.match(first, /There was none before/);
  assert.equal(await host.run("ls -d /etc/nginx/sites-*/new 2>/dev/null; :"), "");
  assert.deepEqual(await sites.drift(made), []);
  await sites.delete(made);
});

test(
  "a power cut between the files and the end leaves a configuration that nginx takes, and is finished",
  { skip },
  async () => {
    const made = await sites.create(site("cut"));
    const next = site("cut", {
      root: "/srv/two",
      health: { command: "touch /var/tmp/waiting; exec sleep 60", within: 60 },
    });
    const changing = messageOf(sites.update(made, next));
    await host.run("until [ -e /var/tmp/waiting ]; do sleep 0.05; done; sync");
    await host.powerCut();
    await host.start();
    await changing;
    assert.match(await live(), /successful[^]*active/);
    assert.deepEqual(await sites.drift(made), ["file", "loaded"]);
    const ill = site("cut", { root: "/srv/two", health: { command: "false", within: 1 } });
    assert.match(await messageOf(sites.update(made, ill)), /The former site is back/);
    assert.equal(await page("cut"), "one");
    assert.deepEqual(await sites.drift(made), []);
    await sites.delete(made);
  },
);

test(
  "files of others that are on their way to nginx's folders are neither taken along nor away",
  { skip },
  async () => {
    const [waiting, churn] = [
      "/etc/nginx/sites-available/.holdfast-abcdefghij",
      "/etc/nginx/sites-available",
    ];
    await host.run(`touch ${waiting}
systemd-run --quiet --unit=churn sh -c 'while :; do for i in 1 2 3 4 5 6 7 8; do touch ${churn}/.holdfast-000000000$i; done; rm ${churn}/.holdfast-0*; done'`);
    let made = await sites.create(site("beside"));
    for (const root of ["/srv/two", "/srv/one", "/srv/two"])
      made = await sites.update(made, site("beside", { root }));
    assert.equal(await page("beside"), "two");
    await sites.delete(made);
    await host.run(`systemctl stop churn; rm ${waiting}`);
  },
);

test("a run that ends right after a change is good leaves that one to come back to", { skip }, async () => {
  const made = await sites.create(site("ended"));
  // The shell ends where the former version is cleared away.
  await host.run(`cat >/usr/local/bin/rm <<'END' && chmod 755 /usr/local/bin/rm
#!/bin/sh
/usr/bin/rm "$@"
case $* in */ended/good*/ended/new*) kill -9 $PPID ;; esac
END`);
  await messageOf(sites.update(made, site("ended", { root: "/srv/two" })));
  await host.run("/usr/bin/rm /usr/local/bin/rm");
  assert.equal(await page("ended"), "two");
  const ill = site("ended", { health: { command: "false", within: 1 } });
  assert.match(await messageOf(sites.update(made, ill)), /The former site is back/);
  assert.equal(await page("ended"), "two");
  await sites.delete(made);
});

test("two sites that change at the same moment are both served", { skip }, async () => {
  const both = await Promise.all(["left", "right"].map(name => sites.create(site(name))));
  for (const name of ["left", "right"]) assert.equal(await page(name), "one");
  await Promise.all(both.map(made => sites.delete(made)));
});

test(
  "a site is imported as its content, and a host without sites-enabled gets it in conf.d",
  { skip },
  async () => {
    const made = await sites.import("default");
    assert.ok(made);
    assert.match(JSON.stringify(made.inputs["content"]), /listen 80 default_server/);
    assert.deepEqual(await sites.drift(made), []);
    assert.equal(await sites.import("none"), undefined);
    await host.run("touch /etc/nginx/sites-available/idle; mv /etc/nginx/sites-enabled /etc/nginx/away");
    assert.equal(await sites.read(made), undefined);
    const moved = await sites.create(site("moved"));
    assert.equal(moved.state["path"], "/etc/nginx/conf.d/moved.conf");
    assert.equal(await page("moved"), "one");
    await sites.delete(moved);
    await host.run("mv /etc/nginx/away /etc/nginx/sites-enabled");
    assert.match(await messageOf(sites.import("idle")), /does not lead to it/);
  },
);

test("a site that others need is not deleted as long as they do", { skip }, async () => {
  const upstream = await sites.create({ name: "pool", content: "upstream pool { server 127.0.0.1:1; }\n" });
  const user = await sites.create({
    name: "user",
    content: "server { listen 127.0.0.1:18102; location / { proxy_pass http://pool; } }\n",
  });
  assert.match(await messageOf(sites.delete(upstream)), /host not found in upstream/);
  assert.match(await live(), /successful/);
  await sites.delete(user);
  await sites.delete(upstream);
  assert.match(await live(), /successful/);
});
