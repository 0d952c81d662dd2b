/** Timer and CronJob on a real host: systemd and cron run what the program says, to the letter. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { noHosts, startHost, type LoneHost } from "../support/hosts/hosts.ts";
import { openDesk, type Desk, type Resources } from "../support/hosts/resources.ts";

const skip = noHosts;
let host: LoneHost;
let desk: Desk;
let timers: Resources;
let jobs: Resources;

before(async () => {
  if (skip !== false) return;
  [host, desk] = await Promise.all([startHost("timers"), openDesk()]);
  timers = desk.on(host.connection, "Timer");
  jobs = desk.on(host.connection, "CronJob");
});
after(async () => {
  await desk?.close();
  await host?.stop();
});

const show = async (unit: string, property: string): Promise<string> =>
  (await host.run(`systemctl show --property=${property} --value -- '${unit}'`)).trim();

/** What shells, systemd and cron each read in their own way. */
const HARD = `printf '%s|' "$GREETING" 'a%b' '%d' 'one\\two' 'c\\\\d' 'e\\%f' "it's" '$HOME' '\`x\`'`;
const GREETING = `100% "of" $HOME \\ and 'more'`;
const PRINTED = [GREETING, "a%b", "%d", "one\\two", "c\\\\d", "e\\%f", "it's", "$HOME", "`x`", ""].join("|");

test("a timer runs its command to the letter, with its environment and as its user", { skip }, async () => {
  const made = await timers.create({
    name: "greet",
    schedule: "*-*-* 03:15",
    command: `{ ${HARD}; echo\nid -un; pwd; } >/tmp/greeted`,
    user: "deploy",
    workingDirectory: "/srv",
    environment: { GREETING },
    persistent: true,
    randomizedDelay: "5min",
  });
  assert.deepEqual(await timers.drift(made), []);
  assert.equal(await show("greet.timer", "ActiveState"), "active");
  assert.equal(await show("greet.timer", "UnitFileState"), "enabled");
  assert.equal(await show("greet.timer", "RandomizedDelayUSec"), "5min");
  assert.equal((await host.run("stat -c %a /var/lib/holdfast/timers/greet.env")).trim(), "600");
  await host.run("systemctl start greet.service");
  assert.equal(await host.run("cat /tmp/greeted"), `${PRINTED}\ndeploy\n/srv\n`);
  await timers.delete(made);
  assert.equal(await show("greet.timer", "LoadState"), "not-found");
  assert.equal(
    (
      await host.run("ls -d /etc/systemd/system/greet* /var/lib/holdfast/*/greet* 2>/dev/null || true")
    ).trim(),
    "",
  );
});

test("a timer's drift by hand is told by its property and put back", { skip }, async () => {
  const made = await timers.create({
    name: "tick",
    schedule: ["daily", "Mon 12:00"],
    command: "true",
    environment: { A: "1" },
  });
  const byHand: readonly (readonly [script: string, path: string])[] = [
    ["systemctl stop tick.timer", "enabled"],
    ["systemctl disable -q --now tick.timer", "enabled"],
    ["sed -i s/daily/hourly/ /etc/systemd/system/tick.timer; systemctl daemon-reload", "schedule[0]"],
    ["echo '# more' >>/etc/systemd/system/tick.service", "command"],
    ["echo A=2 >/var/lib/holdfast/timers/tick.env", "environment"],
  ];
  for (const [script, path] of byHand) {
    await host.run(script);
    const seen = await timers.drift(made);
    assert.ok(
      seen.some(at => at === path || path.startsWith(at)),
      `${script}: ${seen.join(", ")}`,
    );
    await timers.repair(made);
    assert.deepEqual(await timers.drift(made), [], script);
    assert.equal(await show("tick.timer", "ActiveState"), "active", script);
  }
  await host.run("rm /etc/systemd/system/tick.timer");
  assert.equal(await timers.read(made), undefined);
  await timers.repair(made);
  assert.deepEqual(await timers.drift(made), []);
  const off = await timers.update(made, {
    name: "tick",
    schedule: "weekly",
    command: "true",
    enabled: false,
  });
  assert.deepEqual(await timers.drift(off), []);
  assert.equal(await show("tick.timer", "UnitFileState"), "disabled");
  const imported = await timers.import("tick");
  assert.deepEqual(
    [imported?.inputs["schedule"], imported?.inputs["command"], imported?.inputs["enabled"]],
    ["weekly", "true", false],
  );
  await timers.delete(off);
  assert.equal(await timers.import("tick"), undefined);
});

test(
  "a schedule or user that the host does not know is refused before anything is written",
  { skip },
  async () => {
    await assert.rejects(timers.create({ name: "never", schedule: "Blursday", command: "true" }), /Blursday/);
    await assert.rejects(
      timers.create({ name: "never", schedule: "daily", command: "true", user: "nobody-at-all" }),
      /nobody-at-all/,
    );
    await assert.rejects(
      timers.create({ name: "never", schedule: "daily", command: "true", accuracy: "5 bananas" }),
      /bananas/,
    );
    assert.equal(await show("never.timer", "LoadState"), "not-found");
  },
);

test("a cron job runs its command to the letter", { skip, timeout: 120_000 }, async () => {
  const greeting = GREETING.replaceAll("'", "");
  const made = await jobs.create({
    name: "greet",
    schedule: "* * * * *",
    user: "deploy",
    command: `{ ${HARD}; id -un; } >/tmp/greet.part && mv /tmp/greet.part /tmp/greet.out`,
    environment: { GREETING: greeting, MAILTO: "" },
  });
  assert.equal(made.state["path"], "/etc/cron.d/greet");
  assert.deepEqual(await jobs.drift(made), []);
  await host.run("for i in $(seq 700); do [ -e /tmp/greet.out ] && exit 0; sleep 0.1; done; exit 1");
  assert.equal(await host.run("cat /tmp/greet.out"), `${PRINTED.replace(GREETING, greeting)}deploy\n`);
  await jobs.delete(made);
  assert.equal((await host.run("ls /etc/cron.d/greet 2>&1 || true")).includes("No such file"), true);
});

test("a cron job's drift by hand is told by its property, put back, and imported", { skip }, async () => {
  const wanted = {
    name: "nightly",
    schedule: "15 3 * * mon-fri",
    user: "root",
    command: "true 100%",
    environment: { A: "x y" },
  };
  const made = await jobs.create(wanted);
  const file = "/etc/cron.d/nightly";
  const byHand: readonly (readonly [script: string, paths: readonly string[]])[] = [
    [`sed -i 's/^15/16/' ${file}`, ["schedule"]],
    [`sed -i 's/root/deploy/' ${file}`, ["user"]],
    [`sed -i 's/true/false/' ${file}`, ["command"]],
    [`sed -i 's/x y/z/' ${file}`, ["environment.A"]],
    [`echo '* * * * * root true' >>${file}`, ["command"]],
    [`echo '# more' >>${file}`, ["command"]],
    [`chmod 0666 ${file}`, ["mode"]],
    [`chown deploy ${file}`, ["mode"]],
  ];
  for (const [script, paths] of byHand) {
    await host.run(script);
    assert.deepEqual(await jobs.drift(made), paths, script);
    await jobs.repair(made);
    assert.deepEqual(await jobs.drift(made), [], script);
  }
  const imported = await jobs.import("nightly");
  assert.deepEqual(imported?.inputs, { ...made.inputs, mode: "0644" });
  await host.run(`rm ${file}`);
  assert.equal(await jobs.read(made), undefined);
  assert.equal(await jobs.import("nightly"), undefined);
  await jobs.repair(made);
  assert.deepEqual(await jobs.drift(made), []);
  await jobs.delete(made);
});

test("where no cron is installed, a job says so", { skip }, async () => {
  await host.run("mv /usr/sbin/cron /usr/sbin/cron.away");
  const job = { name: "nightly", schedule: "@daily", user: "root", command: "true" };
  await assert.rejects(jobs.create(job), /cron is not installed/);
  await host.run("mv /usr/sbin/cron.away /usr/sbin/cron");
  await assert.rejects(jobs.create({ ...job, user: "nobody-at-all" }), /nobody-at-all/);
});
