/** Handlers on a real host: once, after all their files, only if one changed, whatever dies in between. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import type { RunRecord } from "../../src/engine/ports/records.ts";
import type { ValueMap } from "../../src/providers/grpc/value.ts";
import { until } from "../support/daemon-stage.ts";
import type { Files } from "../support/git.ts";
import { openStage } from "../support/holdfast.ts";
import { noHosts, startHost, type LoneHost } from "../support/hosts/hosts.ts";
import { openDesk } from "../support/hosts/resources.ts";

const skip = noHosts;
let host: LoneHost;
before(async () => {
  if (skip === false) host = await startHost("handlers");
});
after(() => host?.stop());

/** Lines that a handler's command wrote since the last look. */
async function runs(): Promise<number> {
  const said = await host.run("cat /run/runs 2>/dev/null; rm -f /run/runs");
  return said.split("\n").filter(line => line === "run").length;
}
const COUNT = "echo run >>/run/runs";

test(
  "a handler runs where a watched file or value differs, and where it does not, never",
  { skip },
  async t => {
    const desk = await openDesk();
    t.after(() => desk.close());
    const handlers = desk.on(host.connection, "Handler");
    await host.run("mkdir -p /etc/desk/tree; for f in a b 'c d'; do echo 1 >\"/etc/desk/$f\"; done");
    const wanted = (...values: string[]): ValueMap => ({
      name: "desk",
      command: COUNT,
      when: [
        ...["/etc/desk/a", "/etc/desk/b", "/etc/desk/c d", "/etc/desk/tree"].map(path => ({
          path,
          state: "s",
        })),
        ...values.map(value => ({ value })),
      ],
    });
    const made = await handlers.create(wanted("one"));
    assert.equal(await runs(), 1, "a new one runs once");
    assert.deepEqual(await handlers.drift(made), []);
    await handlers.update(made, wanted("one"));
    assert.equal(await runs(), 0);
    const byHand: readonly (readonly [script: string, path: string])[] = [
      ["echo 2 >/etc/desk/a", "when[0].state"],
      ["cp -p /etc/desk/b /tmp/b; echo 2 >/etc/desk/b; cat /tmp/b >/etc/desk/b", "when[1].state"],
      ["rm '/etc/desk/c d'", "when[2].state"],
      ["echo 1 >'/etc/desk/c d'", "when[2].state"],
      ["chmod 0700 /etc/desk/tree", "when[3].state"],
    ];
    for (const [script, path] of byHand) {
      await host.run(script);
      assert.deepEqual(await handlers.drift(made), [path], script);
      await handlers.repair(made);
      assert.equal(await runs(), 1, script);
      assert.deepEqual(await handlers.drift(made), [], script);
    }
    await host.run("touch /etc/desk/tree/x; touch /etc/desk/unwatched");
    assert.deepEqual(await handlers.drift(made), [], "what is in a folder is not the folder");
    const two = await handlers.update(made, wanted("two", "three"));
    assert.equal(await runs(), 1);
    const otherWay = await handlers.update(two, { ...wanted("two", "three"), command: `: ; ${COUNT}` });
    assert.equal(await runs(), 0, "another command alone is no reason");
    await host.run("rm -r /var/lib/holdfast");
    assert.equal(await handlers.read(otherWay), undefined);
    await handlers.repair(otherWay);
    assert.equal(await runs(), 1);
    await handlers.delete(otherWay);
    assert.equal(await runs(), 0);
    assert.equal((await host.run("ls -A /var/lib/holdfast/handlers")).trim(), "");
    await assert.rejects(handlers.import("desk"), /a handler is something to do/);
  },
);

test(
  "a handler that fails stays due; a file that leaves the host after the list counts",
  { skip },
  async t => {
    const desk = await openDesk();
    t.after(() => desk.close());
    const handlers = desk.on(host.connection, "Handler");
    await host.run("mkdir -p /etc/desk; echo 1 >/etc/desk/a; echo 1 >/etc/desk/gone");
    const [a, gone] = [{ path: "/etc/desk/a" }, { path: "/etc/desk/gone" }];
    const wanted: ValueMap = { name: "due", command: COUNT, check: "[ ! -e /run/broken ]", when: [a, gone] };
    const made = await handlers.create(wanted);
    assert.equal(await runs(), 1);
    await host.run("touch /run/broken; echo 2 >/etc/desk/a");
    await assert.rejects(handlers.repair(made), /due: check before it/);
    await assert.rejects(handlers.update(made, wanted), /check before it/);
    assert.equal(await runs(), 0);
    await host.run("rm /run/broken");
    await handlers.update(made, wanted);
    assert.equal(await runs(), 1);
    // The engine updates first, and removes at the end.
    const less = await handlers.update(made, { ...wanted, when: [a] });
    assert.equal(await runs(), 1);
    await host.run("rm /etc/desk/gone");
    assert.notDeepEqual(await handlers.drift(less), []);
    await handlers.repair(less);
    assert.equal(await runs(), 1);
    await host.run("echo back >/etc/desk/gone");
    assert.deepEqual(await handlers.drift(less), []);
    await handlers.delete(less);
  },
);

test("reload and restart leave a stopped unit alone, and start one that failed", { skip }, async t => {
  const desk = await openDesk();
  t.after(() => desk.close());
  const handlers = desk.on(host.connection, "Handler");
  const state = async (): Promise<string> => (await host.run("systemctl show -P ActiveState nginx")).trim();
  const reloads = async (): Promise<number> =>
    Number(
      await host.run(
        "journalctl --sync; journalctl -u nginx -o cat --no-pager | grep -c '^Reloaded' || true",
      ),
    );
  const nginx = (value: number): ValueMap => ({
    name: "nginx",
    reload: "nginx.service",
    check: "nginx -t",
    when: [{ value }],
  });
  await host.run("systemctl start nginx");
  const before = await reloads();
  let made = await handlers.create(nginx(1));
  assert.equal(await reloads(), before + 1);
  await host.run("systemctl stop nginx");
  made = await handlers.update(made, nginx(2));
  assert.equal(await state(), "inactive");
  await host.run(
    "systemctl start nginx; systemctl kill -s KILL nginx; until systemctl is-failed -q nginx; do sleep 0.05; done",
  );
  made = await handlers.update(made, nginx(3));
  assert.equal(await state(), "active");
  await host.run("echo 'nonsense;' >/etc/nginx/conf.d/broken.conf");
  await assert.rejects(handlers.update(made, nginx(4)), /unknown directive "nonsense"/);
  assert.equal(await state(), "active");
  await host.run("rm /etc/nginx/conf.d/broken.conf");
  const absent: ValueMap = { name: "absent", restart: "absent.service", when: [{ value: 1 }] };
  await assert.rejects(handlers.create(absent), /there is no unit absent\.service/);
  await handlers.delete(made);
});

const GATE = "/run/gate";

/** Three files that a handler waits for, one that it does not, and a tree. */
function estate(say: Readonly<Record<"a" | "b" | "c" | "other", string>>): Files {
  return {
    "holdfast.yaml": 'stacks:\n  "*": { firstApply: allow, drift: { every: 1h }, interval: 1s }\n',
    "site/Pulumi.yaml": "name: site\nruntime: nodejs\n",
    "site/Pulumi.dev.yaml": "{}\n",
    "site/index.ts": `import { File, Handler, Host } from "holdfast/host";

const host = new Host("handlers", { connection: ${JSON.stringify(host.connection)} });
const file = (name: string, content: string) => new File(name, { host, path: "/etc/site/" + name, content });
file("other", ${JSON.stringify(say.other)});
const when = [file("a", ${JSON.stringify(say.a)}), file("b", ${JSON.stringify(say.b)}), file("c", ${JSON.stringify(say.c)})];
const check = "touch /run/waits; while [ -e ${GATE} ]; do sleep 0.02; done; rm -f /run/waits";
new Handler("reload", { host, command: "cat /etc/site/? >/run/taken; ${COUNT}", check, when });
`,
  };
}

/** Of this process's own children, the one that talks to hosts. */
function killProviderHost(): void {
  const ours = readdirSync("/proc").filter(pid => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      const [, parent] = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
      return (
        parent === String(process.pid) &&
        readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("providers/main.ts")
      );
    } catch {
      return false; // It has ended meanwhile.
    }
  });
  assert.equal(ours.length, 1, "one provider host");
  process.kill(Number(ours[0]), "SIGKILL");
}

test(
  "in a program: once for three files, for none never, after drift and after a crash",
  { skip },
  async t => {
    const base = { a: "1", b: "1", c: "1", other: "1" };
    const stage = await openStage(t, { files: () => estate(base) });
    const taken = async (): Promise<string> => (await host.run("cat /run/taken")).trim();
    const said = (run: RunRecord): string => JSON.stringify(run.failure);
    async function converges(outcome = "converged"): Promise<void> {
      const run = await stage.sync("site/dev");
      assert.equal(run.outcome, outcome, said(run));
      const check = await stage.check("site/dev");
      assert.equal(check.outcome, "unchanged", said(check));
    }

    await converges();
    assert.equal(await runs(), 1);

    await t.test("three files are one run, another file is none", async () => {
      stage.commit(estate({ a: "2", b: "2", c: "2", other: "1" }));
      await converges();
      assert.deepEqual([await runs(), await taken()], [1, "222"]);
      stage.commit(estate({ a: "2", b: "2", c: "2", other: "2" }));
      await converges();
      assert.equal(await runs(), 0);
    });

    await t.test("a file that was changed by hand is put back and taken up in the same run", async () => {
      await host.run("echo by hand >/etc/site/b; rm /etc/site/c; echo by hand >/etc/site/other");
      await converges();
      assert.deepEqual([await runs(), await taken()], [1, "222"]);
    });

    await t.test(
      "the provider host is killed between the files and the run: the next run makes it good",
      async () => {
        await host.run(`touch ${GATE}; rm -f /run/waits`);
        stage.commit(estate({ a: "3", b: "3", c: "3", other: "2" }));
        const running = stage.sync("site/dev");
        await until(
          "the handler waits",
          async () => (await host.run("ls /run/waits 2>/dev/null || :")) !== "",
        );
        killProviderHost();
        assert.notEqual((await running).outcome, "converged");
        assert.deepEqual([await host.run("cat /etc/site/?"), await runs()], ["333", 0]);
        await host.run(`rm ${GATE}`);
        await converges();
        assert.deepEqual([await runs(), await taken()], [1, "333"]);
      },
    );
  },
);
