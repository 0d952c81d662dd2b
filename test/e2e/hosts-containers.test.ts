/** Containers on a real host: made, changed, found when somebody meddles, put back, brought along, deleted. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { ValueMap } from "../../src/providers/grpc/value.ts";
import { folderDigest } from "../../src/sdk/image-source.ts";
import { noHosts, startHost, type LoneHost } from "../support/hosts/hosts.ts";
import { importImage, programFolder, STOPS_AT_ONCE, type ProgramFolder } from "../support/hosts/images.ts";
import { messageOf, openDesk, without, type Desk, type Resources } from "../support/hosts/resources.ts";

let host: LoneHost;
let desk: Desk;
let containers: Resources;
let program: ProgramFolder;
const images: string[] = [];
before(async () => {
  if (noHosts) return;
  host = await startHost();
  desk = await openDesk();
  containers = desk.on(host.connection, "Container");
  program = await programFolder();
  for (const page of ["one", "two"]) images.push(await importImage(host, `web:${page}`, page));
});
after(async () => {
  await program?.remove();
  await desk?.close();
  await host?.stop();
});

const skip = noHosts;
const digest = (folder: string): string =>
  folderDigest(folder, (property, reason) => assert.fail(`${property} ${reason}`));
let ports = 18_000;

/** A site on a port of its own. */
function site(name: string, more: ValueMap = {}): { properties: ValueMap; page: () => Promise<string> } {
  const url = `http://127.0.0.1:${++ports}/`;
  const properties = {
    name,
    image: images[0] ?? "",
    ports: { http: `127.0.0.1:${ports}:80` },
    health: { url, within: 20 },
    podmanArgs: STOPS_AT_ONCE,
    ...more,
  };
  return { properties, page: () => host.run(`curl -fsS --max-time 5 ${url}`) };
}

test(
  "a container runs under its unit with just the environment and secrets that it was given",
  { skip },
  async () => {
    const secret = `ge'h"eim\n$HOME %n \\`;
    const environment = {
      PLAIN: ` two  words "quoted" 'too' `,
      SIGNS: "100% $HOME ${HOME} %n \\n `id` #;",
      LINES: 'a "b" $HOME\n%n\\ `c`\n',
      HTTP_PROXY: "http://proxy.invalid:1",
    };
    const { properties, page } = site("plain", { environment, secrets: { "db.key": secret } });
    const made = await containers.create(properties);
    assert.equal(await page(), "one");
    const inside = await host.run("podman exec plain /bin/env -0 | base64 -w 0");
    const variables = new Map(
      Buffer.from(inside, "base64")
        .toString("utf8")
        .split("\0")
        .map(line => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)] as const),
    );
    for (const [key, value] of Object.entries(environment)) assert.equal(variables.get(key), value);
    assert.equal(await host.run("podman exec plain /bin/cat /run/secrets/db.key"), secret);
    const shown = await host.run(
      "systemctl cat plain; systemctl show plain; podman inspect --format '{{json .Config.CreateCommand}}' plain; cat /proc/[0-9]*/cmdline | tr '\\0' ' '",
    );
    for (const value of ["two  words", "ge'h", "100% $HOME"]) assert.ok(!shown.includes(value), value);
    assert.equal(
      (
        await host.run(
          "stat -c '%a %U' /etc/holdfast/containers/plain /etc/holdfast/containers/plain/environment",
        )
      ).trim(),
      "700 root\n600 root",
    );
    assert.deepEqual(await containers.drift(made), []);
    const id = (await host.run("podman inspect --format '{{.Image}}' plain")).trim();
    assert.equal(made.state["imageId"], id);
    await containers.delete(made);
  },
);

test("what somebody does to it by hand is found, and put back", { skip }, async () => {
  // systemd does not start it again, so that what was done stays done.
  const { properties, page } = site("meddled", {
    restart: "no",
    environment: { A: "1" },
    secrets: { key: "k" },
  });
  const made = await containers.create(properties);
  const imageId = (await host.run("podman inspect --format '{{.Image}}' meddled")).trim();
  const meddled: readonly (readonly [script: string, drift: readonly string[]])[] = [
    ["systemctl stop meddled", ["running"]],
    ["podman rm --force meddled >/dev/null", ["running"]],
    ["systemctl disable -q meddled", ["enabled"]],
    ["sed -i 's/127.0.0.1/0.0.0.0/' /etc/systemd/system/meddled.service", ["unit"]],
    [
      "rm /etc/systemd/system/meddled.service && ln -s /dev/null /etc/systemd/system/meddled.service",
      ["unit"],
    ],
    ["echo B=2 >>/etc/holdfast/containers/meddled/environment", ["environment"]],
    ["printf x >/etc/holdfast/containers/meddled/secrets/key", ["secrets"]],
    [
      "sed -i 's/--detach/--detach --hostname=other/' /etc/systemd/system/meddled.service && systemctl daemon-reload && systemctl restart meddled",
      ["container", "unit"],
    ],
    [
      `cp /etc/systemd/system/meddled.service /root/ && sed -i 's/${imageId}/localhost\\/web:two/' /etc/systemd/system/meddled.service && systemctl daemon-reload && systemctl restart meddled && cp -p /root/meddled.service /etc/systemd/system/ && systemctl daemon-reload`,
      ["container", "image"],
    ],
    [
      "systemctl stop meddled && podman run --quiet --detach --name meddled localhost/web:two >/dev/null",
      ["running"],
    ],
  ];
  for (const [script, drift] of meddled) {
    await host.run(script);
    const found = await containers.drift(made);
    for (const property of drift) assert.ok(found.includes(property), `${script}: ${found.join()}`);
    await containers.repair(made);
    assert.deepEqual(await containers.drift(made), [], script);
    assert.equal(await page(), "one", script);
  }
  await host.run("rm /etc/systemd/system/meddled.service");
  assert.equal(await containers.read(made), undefined);
  await containers.repair(made);
  assert.deepEqual(await containers.drift(made), []);
  await containers.delete(made);
});

test("a change is taken up by a new container, and what stays the same starts none", { skip }, async () => {
  const { properties, page } = site("changed", { environment: { A: "1" } });
  const started = (): Promise<string> => host.run("podman inspect --format '{{.Id}}' changed");
  let made = await containers.create(properties);
  const first = await started();
  made = await containers.update(made, without(properties, "health"));
  assert.equal(await started(), first, "a health check is no change of the container");
  made = await containers.update(made, { ...properties, environment: { A: "2" } });
  assert.notEqual(await started(), first);
  assert.match(await host.run("podman exec changed /bin/env"), /^A=2$/m);
  made = await containers.update(made, { ...properties, image: images[1] ?? "" });
  assert.equal(await page(), "two");
  made = await containers.update(made, { ...properties, running: false, enabled: false });
  assert.equal(
    await host.run("systemctl is-active changed; systemctl is-enabled changed; :"),
    "inactive\ndisabled\n",
  );
  assert.deepEqual(await containers.drift(made), []);
  await containers.delete(made);
});

test(
  "a version that does not become healthy is told with its last lines, and the former one runs again",
  { skip },
  async () => {
    const { properties, page } = site("failing");
    const made = await containers.create(properties);
    const crash = { ...properties, command: ["/bin/sh", "-c", "echo cannot find the database; exit 3"] };
    const crashed = await messageOf(containers.update(made, crash));
    assert.match(crashed, /cannot find the database/);
    assert.match(crashed, /The former container runs again/);
    assert.equal(await page(), "one");
    const deaf = { ...properties, command: ["/bin/sleep", "1000"], health: { command: "false", within: 2 } };
    assert.match(await messageOf(containers.update(made, deaf)), /health check says/);
    assert.match(
      await messageOf(containers.update(made, { ...properties, image: "localhost:1/none:1" })),
      /localhost:1/,
    );
    assert.equal(await page(), "one");
    assert.deepEqual(await containers.drift(made), []);
    await containers.delete(made);
  },
);

test("one that never becomes healthy leaves nothing behind", { skip }, async () => {
  const { properties } = site("stillborn", { command: ["/bin/sh", "-c", "exit 1"], restart: "no" });
  assert.match(await messageOf(containers.create(properties)), /There was none before/);
  const left = await host.run(
    "ls -d /etc/systemd/system/stillborn* /etc/holdfast/containers/stillborn 2>/dev/null; podman ps -aq --filter name=stillborn; systemctl is-failed stillborn; :",
  );
  assert.equal(left.trim(), "inactive");
});

test(
  "an image comes as an archive or as a folder to build, and is built anew when the folder changes",
  { skip },
  async () => {
    const archive = await program.saved(host, images[1] ?? "");
    const { properties: named, page } = site("brought");
    const properties = without(named, "image");
    const saved = await containers.create({ ...properties, archive });
    assert.equal(await page(), "two");
    assert.deepEqual(await containers.drift(saved), []);
    const build = await program.build(host, "built", digest);
    let made = await containers.update(saved, { ...properties, build });
    assert.equal(await page(), "built");
    const again = await program.build(host, "built again", digest);
    made = await containers.update(made, { ...properties, build: again });
    assert.equal(await page(), "built again");
    assert.deepEqual(await containers.drift(made), []);
    const stale = { ...again, digest: "0".repeat(64) };
    assert.match(
      await messageOf(containers.update(made, { ...properties, build: stale })),
      /is not the folder that the program read/,
    );
    await containers.delete(made);
  },
);

test(
  "a power cut in the middle of a change is got over, and the former version is not forgotten",
  { skip },
  async () => {
    const { properties, page } = site("cut");
    let made = await containers.create(properties);
    const waiting = { command: "touch /var/tmp/waiting; exec sleep 60", within: 60 };
    const next = { ...properties, image: images[1] ?? "" };
    const changing = messageOf(containers.update(made, { ...next, health: waiting }));
    await host.run("until [ -e /var/tmp/waiting ]; do sleep 0.05; done; sync");
    await host.powerCut();
    await host.start();
    await changing;
    assert.ok(
      (await containers.drift(made)).includes("image") || (await containers.drift(made)).includes("unit"),
    );
    const failing = { ...next, health: { command: "false", within: 1 } };
    assert.match(await messageOf(containers.update(made, failing)), /The former container runs again/);
    assert.equal(await page(), "one");
    made = await containers.update(made, next);
    assert.equal(await page(), "two");
    assert.deepEqual(await containers.drift(made), []);
    await containers.delete(made);
  },
);

test(
  "a repair that is cut off before the restart is found, and restarts what still runs as before",
  { skip },
  async () => {
    const { properties } = site("halfway", { environment: { WORD: "right" } });
    const made = await containers.create(properties);
    const started = (): Promise<string> =>
      host.run(
        "tr '\\0' '\\n' <\"/proc/$(podman inspect --format '{{.State.Pid}}' halfway)/environ\" | grep ^WORD=",
      );
    await host.run(
      "echo WORD=wrong >/etc/holdfast/containers/halfway/environment; systemctl restart halfway",
    );
    assert.equal(await started(), "WORD=wrong\n");
    // The shell ends where the files are in place again.
    await host.run(`cat >/usr/local/bin/systemctl <<'END' && chmod 755 /usr/local/bin/systemctl
#!/bin/sh
case $* in daemon-reload) kill -9 $PPID ;; *) exec /usr/bin/systemctl "$@" ;; esac
END`);
    await messageOf(containers.repair(made));
    await host.run("rm /usr/local/bin/systemctl");
    assert.equal(await started(), "WORD=wrong\n");
    assert.deepEqual(await containers.drift(made), ["unit"]);
    await containers.repair(made);
    assert.equal(await started(), "WORD=right\n");
    assert.deepEqual(await containers.drift(made), []);
    await containers.delete(made);
  },
);

test("a unit that is somebody else's is left alone, and no container is imported", { skip }, async () => {
  const { properties } = site("nginx");
  assert.match(await messageOf(containers.create(properties)), /there is a unit nginx\.service on this host/);
  assert.match(await host.run("systemctl is-active nginx"), /^active/);
  assert.match(await messageOf(containers.import("plain")), /cannot import plain/);
});

test("nothing is left of one that was deleted, and deleting it again is fine", { skip }, async () => {
  const { properties } = site("deleted", { secrets: { key: "k" } });
  const made = await containers.create(properties);
  await containers.delete(made);
  await containers.delete(made);
  assert.equal(await containers.read(made), undefined);
  const left = await host.run(
    "podman ps -aq --filter name=deleted; ls -d /etc/systemd/system/deleted* /etc/holdfast/containers/deleted /var/lib/holdfast/containers/deleted 2>/dev/null; :",
  );
  assert.equal(left, "");
});
