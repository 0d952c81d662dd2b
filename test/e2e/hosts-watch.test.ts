/** A host that tells by itself: with a probe that comes every ten minutes, what is changed by hand is back in a moment. */
import assert from "node:assert/strict";
import { after, before, test, type TestContext } from "node:test";
import { makeStage, until, type Daemon, type Stage } from "../support/daemon-stage.ts";
import { noHosts, startHost, type HostConnection, type LoneHost } from "../support/hosts/hosts.ts";

let frodo: LoneHost;
before(async () => {
  if (!noHosts) frodo = await startHost();
});
after(() => frodo?.stop());

/** Nothing but the host's own word makes anybody look while the test runs. */
const HOLDFAST_YAML = `stacks:
  "*": { firstApply: allow, interval: 1h, drift: { every: 1h, probe: 10m, watch: true } }
`;
const UNIT = "[Service]\\nExecStart=/bin/sleep 1000\\n";

const program = (
  connection: HostConnection,
  resources: string,
): string => `import * as hosts from "holdfast/host";

const host = new hosts.Host("frodo", { connection: ${JSON.stringify(connection)} });
const file = (name: string, path: string) => new hosts.File(name, { host, path, content: name + "\\n" });
${resources}
`;

const FILES = `file("one", "/srv/app/one");
file("two", "/srv/app/deep/two words");
new hosts.SystemdUnit("sleeper", { host, name: "sleeper.service", content: "${UNIT}", running: true });`;

const project = (name: string, text: string) => ({
  [`${name}/Pulumi.yaml`]: `name: ${name}\nruntime: nodejs\n`,
  [`${name}/Pulumi.prod.yaml`]: "{}\n",
  [`${name}/index.ts`]: text,
});

/** Nobody is at work, so that what is done next is not seen by a look that is under way. */
const isQuiet = (daemon: Daemon): Promise<unknown> => {
  let [before, since] = ["", performance.now()];
  return until("the daemon is quiet", () => {
    const now = daemon.stderr();
    if (now !== before) [before, since] = [now, performance.now()];
    return performance.now() - since > 2_000;
  });
};

/**
 * What is done by hand is found, and put right by the run that is asked for then.
 *
 * That it is found while `until` waits says that the host told: the probe comes only after ten minutes.
 */
async function isPutRight(
  t: TestContext,
  daemon: Daemon,
  change: () => Promise<unknown>,
  look: () => Promise<boolean>,
): Promise<void> {
  const findings = (): number => daemon.stderr().match(/\/prod probe: /g)?.length ?? 0;
  await isQuiet(daemon);
  const before = findings();
  await change();
  const begun = performance.now();
  const passed = (): number => Math.round(performance.now() - begun);
  await until("it is found", () => findings() > before);
  const found = passed();
  await until("it is put right", look);
  t.diagnostic(`found after ${found} ms, put right after ${passed()} ms`);
}

const says = async (path: string, text: string): Promise<boolean> =>
  (await frodo.run(`cat '${path}' 2>/dev/null || :`)) === text;
const one = (): Promise<boolean> => says("/srv/app/one", "one\n");

/** Names of the path units that watch now. */
const watching = async (): Promise<string> =>
  (
    await frodo.run(
      "systemctl list-units --no-legend --plain --state=active 'holdfast-watch-*.path' | cut -d' ' -f1",
    )
  ).trim();
const listens = (): Promise<string> =>
  until("the host is listened to", async () => (await watching()) || undefined);
/** Everything that holdfast may have made there to listen. */
const traces = (): Promise<string> =>
  frodo.run(
    "systemctl list-units --all --no-legend 'holdfast-watch*'; ls -d /run/holdfast-watch* 2>/dev/null || :",
  );
const nothingIsLeft = (): Promise<unknown> =>
  until("nothing is left on the host", async () => (await traces()) === "");

const providerHost = (stage: Stage): number =>
  stage.processes().find(({ command }) => command.includes("/providers/main.ts"))?.pid ??
  assert.fail("there is no provider host");

test("hosts that tell by themselves", { skip: noHosts }, async t => {
  const stage = makeStage(t, {
    files: () => ({
      "holdfast.yaml": HOLDFAST_YAML,
      ...project("app", program(frodo.connection, FILES)),
    }),
  });
  const daemon = await stage.serve();

  const edit = (): Promise<string> => frodo.run("echo by hand >/srv/app/one");

  await t.test("a file that is edited, removed with its folder, or replaced is put back", async t => {
    await listens();
    await isPutRight(t, daemon, edit, one);
    const two = (): Promise<boolean> => says("/srv/app/deep/two words", "two\n");
    await isPutRight(t, daemon, () => frodo.run("rm -r /srv/app/deep"), two);
    await isPutRight(t, daemon, () => frodo.run("sed -i s/one/two/ /srv/app/one"), one);
    assert.match(daemon.stderr(), /app\/prod probe: .*File one \[content\]/);
  });

  await t.test("a service that is stopped, or killed, runs again", async t => {
    const runs = async (): Promise<boolean> =>
      (await frodo.run("systemctl is-active sleeper || :")) === "active\n";
    await isPutRight(t, daemon, () => frodo.run("systemctl stop sleeper"), runs);
    await isPutRight(t, daemon, () => frodo.run("systemctl kill --signal=KILL sleeper"), runs);
  });

  await t.test("also after systemd has read its units anew", async t => {
    await frodo.run("systemctl daemon-reload");
    await isPutRight(t, daemon, edit, one);
  });

  await t.test("a provider host that is killed leaves nothing there, and the next one listens", async t => {
    const before = await listens();
    process.kill(providerHost(stage), "SIGKILL");
    await until("another one listens, alone", async () => {
      const now = await watching();
      return now !== "" && !now.includes(before);
    });
    await isPutRight(t, daemon, edit, one);
  });

  await t.test(
    "a session that is killed on the host is opened again, and what it missed is seen",
    async t => {
      const before = await listens();
      const unit = before.replace("-tell.path", "");
      const change = (): Promise<string> =>
        frodo.run(`systemctl kill --signal=KILL --kill-who=main ${unit}.service; echo by hand >/srv/app/one`);
      await isPutRight(t, daemon, change, one);
      await until("another one listens", async () => {
        const now = await watching();
        return now !== "" && now !== before;
      });
      await until("of the former nothing is left", async () => !(await traces()).includes(unit));
    },
  );

  await t.test(
    "who is paused is not listened for; what happened meanwhile is seen when it goes on",
    async t => {
      assert.equal((await stage.run(["pause", "app/prod", "--why", "a test"])).code, 0);
      await nothingIsLeft();
      await edit();
      await isPutRight(t, daemon, () => stage.run(["resume", "app/prod"]), one);
      await listens();
    },
  );

  await t.test("a reboot is nothing but a pause", async t => {
    await frodo.reboot();
    await listens();
    await isPutRight(t, daemon, edit, one);
  });

  await t.test("a daemon that ends leaves nothing there", async () => {
    daemon.kill("SIGTERM");
    await daemon.ended;
    await nothingIsLeft();
  });
});

test(
  "a login that may not ask systemd is told of once, and left to the interval",
  { skip: noHosts },
  async t => {
    const stage = makeStage(t, {
      files: () => ({
        "holdfast.yaml": HOLDFAST_YAML,
        ...project("home", program(frodo.as("guest"), `file("one", "/home/guest/one");`)),
      }),
    });
    const daemon = await stage.serve();
    const told = /warning: ssh:\/\/guest@\S+ cannot tell of changes by itself.*: .*denied/g;
    await until("it is told", () => told.test(daemon.stderr()));
    await isQuiet(daemon);
    assert.equal(daemon.stderr().match(told)?.length, 1);
    assert.equal(await traces(), "");
  },
);
