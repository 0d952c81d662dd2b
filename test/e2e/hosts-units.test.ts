/** SystemdUnit on a real host: what is made, changed, found by hand and put back, and what comes back by itself. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { ValueMap } from "../../src/providers/grpc/value.ts";
import { noHosts, startHost, type LoneHost } from "../support/hosts/hosts.ts";
import { openDesk, type Desk, type Made, type Resources } from "../support/hosts/resources.ts";

const skip = noHosts;
let host: LoneHost;
let desk: Desk;
let units: Resources;

before(async () => {
  if (skip !== false) return;
  [host, desk] = await Promise.all([startHost("units"), openDesk()]);
  units = desk.on(host.connection, "SystemdUnit");
});
after(async () => {
  await desk?.close();
  await host?.stop();
});

const show = async (unit: string, property: string): Promise<string> =>
  (await host.run(`systemctl show --property=${property} --value -- '${unit}'`)).trim();
const invocation = (unit: string): Promise<string> => show(unit, "InvocationID");
const text = (path: string): Promise<string> => host.run(`cat '${path}'`);

const content = (seconds: number): string =>
  `[Unit]\nDescription=Sleeps\n\n[Service]\nExecStart=/bin/sleep ${seconds}\n\n[Install]\nWantedBy=multi-user.target\n`;
const service = (name: string, seconds = 1000) => ({ name, content: content(seconds) });

/** As it is described: nothing differs, and another ensure restarts nothing. */
async function isSettled(made: Made): Promise<void> {
  assert.deepEqual(await units.drift(made), []);
  const before = await invocation(made.id);
  await units.update(
    made,
    Object.fromEntries(Object.entries(made.inputs).filter(([key]) => key !== "connection")),
  );
  assert.equal(await invocation(made.id), before);
  assert.deepEqual(await units.drift(made), []);
}

test("a unit is written, started and enabled; a change restarts it once", { skip }, async () => {
  const made = await units.create({ ...service("app.service"), enabled: true, running: true });
  assert.equal(await show("app.service", "ActiveState"), "active");
  assert.equal(await show("app.service", "UnitFileState"), "enabled");
  await isSettled(made);
  const first = await invocation("app.service");
  const next = await units.update(made, { ...service("app.service", 2000), enabled: true, running: true });
  assert.match(await show("app.service", "ExecStart"), /sleep 2000/);
  assert.notEqual(await invocation("app.service"), first);
  await isSettled(next);
  await units.delete(next);
  assert.equal(await show("app.service", "LoadState"), "not-found");
  assert.equal(
    (await host.run("ls -A /var/lib/holdfast/units; pgrep -f 'sleep [12]000' || true")).trim(),
    "",
  );
});

test("what is done by hand is seen and put back", { skip }, async () => {
  const wanted = {
    ...service("hand.service"),
    dropIns: { "limits.conf": "[Service]\nLimitNOFILE=2000\n" },
    enabled: true,
    running: true,
  };
  const made = await units.create(wanted);
  const byHand: readonly (readonly [script: string, paths: readonly string[]])[] = [
    ["systemctl stop hand.service", ["running"]],
    [
      "systemctl kill -s KILL hand.service; until systemctl is-failed -q hand.service; do sleep 0.05; done",
      ["running"],
    ],
    ["systemctl disable -q hand.service", ["enabled"]],
    ["sed -i s/1000/3000/ /etc/systemd/system/hand.service", ["content", "running"]],
    [
      "sed -i s/1000/3000/ /etc/systemd/system/hand.service; systemctl daemon-reload; systemctl restart hand.service",
      ["content", "running"],
    ],
    [
      "echo '[Service]' >/etc/systemd/system/hand.service.d/limits.conf",
      ['dropIns["limits.conf"]', "running"],
    ],
    [
      "rm /etc/systemd/system/hand.service.d/limits.conf; systemctl daemon-reload",
      ['dropIns["limits.conf"]', "running"],
    ],
    [
      "ln -sf /dev/null /etc/systemd/system/hand.service; systemctl daemon-reload",
      ["content", "enabled", "masked"],
    ],
  ];
  for (const [script, paths] of byHand) {
    await host.run(script);
    const seen = await units.drift(made);
    for (const path of paths)
      assert.ok(seen.includes(path), `${script}: ${path} is not among ${seen.join(", ")}`);
    await units.repair(made);
    assert.equal(await text("/etc/systemd/system/hand.service"), content(1000), script);
    assert.match(await show("hand.service", "LimitNOFILE"), /^2000$/, script);
    assert.match(await show("hand.service", "ExecStart"), /sleep 1000/, script);
    assert.equal(await show("hand.service", "ActiveState"), "active", script);
    assert.equal(await show("hand.service", "UnitFileState"), "enabled", script);
    await isSettled(made);
  }
  await host.run("rm /etc/systemd/system/hand.service; systemctl daemon-reload");
  assert.equal(await units.read(made), undefined);
  await units.repair(made);
  await isSettled(made);
  await units.delete(made);
});

test(
  "a unit that does not stay up gives way to the former one, and the journal says why",
  { skip },
  async () => {
    const dropIns = { "a.conf": "[Service]\nEnvironment=WHICH=former\n" };
    const wanted = { ...service("back.service"), dropIns, running: true, enabled: true };
    const made = await units.create(wanted);
    const broken = content(1).replace(
      "/bin/sleep 1",
      "/bin/sh -c 'echo cannot open the database >&2; sleep 0.3; exit 3'",
    );
    await assert.rejects(
      units.update(made, {
        ...wanted,
        content: broken,
        dropIns: { "b.conf": "[Service]\nEnvironment=WHICH=new\n" },
      }),
      /did not stay active[\s\S]*cannot open the database[\s\S]*former back\.service is back/,
    );
    assert.equal(await show("back.service", "ActiveState"), "active");
    assert.match(await show("back.service", "ExecStart"), /sleep 1000/);
    assert.equal(await show("back.service", "Environment"), "WHICH=former");
    assert.equal((await host.run("ls /etc/systemd/system/back.service.d")).trim(), "a.conf");
    await isSettled(made);
    const checked = {
      ...wanted,
      content: content(2000),
      health: { within: 2, command: "echo not well; false" },
    };
    await assert.rejects(units.update(made, checked), /health command did not succeed within 2 s: not well/);
    assert.match(await show("back.service", "ExecStart"), /sleep 1000/);
    await assert.rejects(
      units.create({ ...service("new.service"), content: broken, running: true }),
      /cannot open the database/,
    );
    assert.equal(await show("new.service", "LoadState"), "not-found");
    await units.delete(made);
  },
);

test("a crash loop is no health, neither at once nor later", { skip }, async () => {
  const loop =
    "[Service]\nExecStart=/bin/sh -c 'while [ ! -e /run/die ]; do sleep 0.1; done'\nRestart=always\nRestartSec=2\nSuccessExitStatus=0\n";
  const made = await units.create({ name: "loop.service", content: loop, running: true });
  await host.run(
    "touch /run/die; until [ $(systemctl show -P SubState loop.service) = auto-restart ]; do sleep 0.05; done",
  );
  assert.deepEqual(await units.drift(made), ["running"]);
  await assert.rejects(units.repair(made), /did not stay active/);
  await host.run("rm /run/die");
  await units.repair(made);
  assert.deepEqual(await units.drift(made), []);
  await units.delete(made);
});

test("what systemd finds wrong is told before anything is replaced", { skip }, async () => {
  const made = await units.create({ ...service("good.service"), running: true });
  const first = await invocation("good.service");
  const flawed = content(1000).replace("ExecStart", "Foo=bar\nExecStart");
  await assert.rejects(
    units.update(made, { name: "good.service", content: flawed, running: true }),
    /good\.service:5: Unknown key 'Foo'/,
  );
  const misspelt = { "x.conf": "[Service]\nMemoryMax=lots\n" };
  await assert.rejects(
    units.update(made, { ...service("good.service"), dropIns: misspelt, running: true }),
    /Invalid memory limit/,
  );
  assert.equal(await text("/etc/systemd/system/good.service"), content(1000));
  assert.equal(await invocation("good.service"), first);
  const absent = content(1).replace("/bin/sleep", "/usr/bin/comes-later");
  const later = await units.create({ name: "later.service", content: absent, enabled: true });
  assert.deepEqual(await units.drift(later), []);
  await assert.rejects(
    units.create({ name: "now.service", content: absent, running: true }),
    /comes-later is not executable/,
  );
  await units.update(made, { name: "good.service", content: flawed, running: true, verify: false });
  await units.delete(made);
  await units.delete(later);
});

test("restartOn and reloadOn act once for many changes, also for files put back", { skip }, async () => {
  await host.run("mkdir -p /etc/count; echo 1 >/etc/count/a; echo 1 >/etc/count/b; echo 1 >/etc/count/r");
  const counting = `[Service]\nExecStart=/bin/sh -c 'echo start >>/run/count; exec sleep 1000'\nExecReload=/bin/sh -c 'echo reload >>/run/count'\n`;
  const wanted = (value: string): ValueMap => ({
    name: "count.service",
    content: counting,
    running: true,
    restartOn: [{ path: "/etc/count/a" }, { path: "/etc/count/b" }, { value }],
    reloadOn: [{ path: "/etc/count/r" }],
  });
  const counted = async (): Promise<string> =>
    (await host.run("cat /run/count; : >/run/count")).trim().replaceAll("\n", " ");
  const made = await units.create(wanted("one"));
  assert.equal(await counted(), "start");
  await isSettled(made);
  await host.run("echo 2 >/etc/count/a; echo 2 >/etc/count/b; echo 2 >/etc/count/r");
  assert.deepEqual(await units.drift(made), [
    "reloadOn[0].state",
    "restartOn[0].state",
    "restartOn[1].state",
  ]);
  await units.repair(made);
  assert.equal(await counted(), "start");
  await host.run("cp /etc/count/r /tmp/r; echo by hand >/etc/count/r; cat /tmp/r >/etc/count/r");
  assert.deepEqual(await units.drift(made), ["reloadOn[0].state"]);
  await units.repair(made);
  assert.equal(await counted(), "reload");
  const two = await units.update(made, wanted("two"));
  assert.equal(await counted(), "start");
  await isSettled(two);
  await host.reboot();
  assert.equal(await show("count.service", "ActiveState"), "inactive");
  assert.deepEqual(await units.drift(two), ["running"]);
  await units.repair(two);
  await isSettled(two);
  const without = await units.update(two, { name: "count.service", content: counting, running: true });
  assert.equal(await counted(), "start");
  await host.run("echo 3 >/etc/count/a");
  await isSettled(without);
  await units.delete(without);
});

test(
  "a run that was cut off between the file and the restart is made good by the next",
  { skip },
  async () => {
    const made = await units.create({ ...service("cut.service"), running: true });
    const wanted = { ...service("cut.service", 2000), running: true };
    const first = await invocation("cut.service");
    for (const told of ["", "systemctl daemon-reload"]) {
      await host.run(`cat >/etc/systemd/system/cut.service; ${told}`, content(2000));
      const next = { ...made, inputs: { ...made.inputs, content: content(2000) } };
      assert.ok((await units.drift(next)).includes("running"));
      await units.update(made, wanted);
      assert.match(await show("cut.service", "ExecStart"), /sleep 2000/);
      assert.equal(
        (await host.run("cat /proc/$(systemctl show -P MainPID cut.service)/cmdline | tr '\\0' ' '")).trim(),
        "/bin/sleep 2000",
      );
      await isSettled(next);
      await units.update(next, { ...service("cut.service"), running: true });
    }
    assert.notEqual(await invocation("cut.service"), first);
    await units.delete(made);
  },
);

test(
  "a package's unit gets drop-ins, is masked and unmasked, imported, and left as it is",
  { skip },
  async () => {
    const name = "nginx.service";
    const dropIns = { "limits.conf": "[Service]\nLimitNOFILE=3000\n" };
    await host.run(
      "mkdir -p /etc/systemd/system/nginx.service.d; echo '[Unit]' >/etc/systemd/system/nginx.service.d/theirs.conf",
    );
    const made = await units.create({ name, dropIns, enabled: true, running: true });
    assert.equal(await show(name, "LimitNOFILE"), "3000");
    assert.equal(
      (await host.run("grep 'open files' /proc/$(systemctl show -P MainPID nginx)/limits")).split(/\s+/)[3],
      "3000",
    );
    await isSettled(made);
    const imported = await units.import(name);
    const { dropIns: found, ...rest } = imported?.inputs ?? {};
    assert.deepEqual(found, { ...dropIns, "theirs.conf": "[Unit]\n" });
    assert.deepEqual(
      [rest["enabled"], rest["running"], rest["masked"], rest["content"]],
      [true, true, false, undefined],
    );
    await host.run("systemctl mask -q nginx");
    assert.deepEqual(await units.drift(made), ["enabled", "masked"]);
    await units.repair(made);
    await isSettled(made);
    const masked = await units.update(made, { name, masked: true, running: false });
    assert.deepEqual(
      [await show(name, "LoadState"), await show(name, "ActiveState")],
      ["masked", "inactive"],
    );
    assert.deepEqual(await units.drift(masked), []);
    await host.run("systemctl unmask -q nginx");
    assert.deepEqual(await units.drift(masked), ["masked"]);
    await units.repair(masked);
    await units.delete(masked);
    assert.equal(await show(name, "LoadState"), "loaded");
    assert.equal((await host.run("ls /etc/systemd/system/nginx.service.d")).trim(), "theirs.conf");
    assert.equal(await units.import("nobody-has-this.service"), undefined);
    await assert.rejects(units.create({ name: "nobody-has-this.service", running: true }), /nobody-has-this/);
  },
);

test(
  "another [Install] section is taken up also where the run that wrote it was cut off",
  { skip },
  async () => {
    const wanted = (target: string): ValueMap => ({
      name: "linked.service",
      content: content(1000).replace(/WantedBy=.*/, `WantedBy=${target}`),
      enabled: true,
      running: true,
    });
    const links = "cd /etc/systemd/system; ls -d *.wants/linked.service";
    const made = await units.create(wanted("multi-user.target"));
    assert.equal(await host.run(links), "multi-user.target.wants/linked.service\n");
    await host.run(`cat >/usr/local/bin/systemctl <<'END' && chmod 755 /usr/local/bin/systemctl
#!/bin/sh
case $* in reenable*) kill -9 $PPID ;; *) exec /usr/bin/systemctl "$@" ;; esac
END`);
    await assert.rejects(units.update(made, wanted("graphical.target")));
    await host.run("rm /usr/local/bin/systemctl");
    const next = await units.update(made, wanted("graphical.target"));
    assert.equal(await host.run(links), "graphical.target.wants/linked.service\n");
    await units.delete(next);
  },
);

test("templates and instances are units of their own", { skip }, async () => {
  const template = await units.create({
    name: "many@.service",
    content: content(1000).replace("1000", "%i"),
  });
  assert.deepEqual(await units.drift(template), []);
  const one = await units.create({ name: "many@1111.service", enabled: true, running: true });
  assert.match(await host.run("pgrep -af 'sleep 1111'"), /sleep 1111/);
  await isSettled(one);
  await host.run("systemctl disable -q --now many@1111.service");
  assert.deepEqual(await units.drift(one), ["enabled", "running"]);
  await units.repair(one);
  await isSettled(one);
  await units.update(one, { name: "many@1111.service", enabled: false, running: false });
  await units.delete(one);
  await units.delete(template);
  assert.equal(await show("many@1111.service", "LoadState"), "not-found");
});

test("what ends by itself is not kept running, and what cannot be enabled says so", { skip }, async () => {
  const once = "[Service]\nType=oneshot\nExecStart=/bin/true\n";
  const made = await units.create({ name: "once.service", content: once });
  assert.deepEqual(await units.drift(made), []);
  await units.update(made, { name: "once.service", content: `${once}Environment=A=1\n` });
  await assert.rejects(
    units.create({ name: "e2scrub_all.service", running: true }),
    /running has no meaning for Type=oneshot/,
  );
  await assert.rejects(units.create({ name: "dbus.service", enabled: true }), /no \[Install\] section/);
  assert.deepEqual(await units.flaws({ name: "once.service", content: once, running: true }), [
    "running has no meaning for Type=oneshot without RemainAfterExit=yes: it runs, ends, and is not active",
  ]);
  const kept = await units.create({
    name: "kept.service",
    content: `${once}RemainAfterExit=yes\n`,
    running: true,
  });
  await isSettled(kept);
  await units.delete(kept);
});
