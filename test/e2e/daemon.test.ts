/** The daemon as people, Git servers and Prometheus meet it: its commands, its HTTP, its helpers, its data folder. */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import path from "node:path";
import test from "node:test";
import {
  makeStage,
  until,
  type Daemon,
  type Json,
  type Running,
  type Stage,
} from "../support/daemon-stage.ts";
import { makeRepository, type Files } from "../support/git.ts";

const SECRET = "only the Git server knows";

/** Two stacks of one file each; nothing is looked at by itself, so that what happens was asked for. */
const estate = (sandbox: string, content: string): Files => ({
  "holdfast.yaml": `stacks:\n  "*": { firstApply: allow, interval: 1h, drift: { every: 1h } }\n`,
  "app/Pulumi.yaml": "name: app\nruntime: nodejs\n",
  "app/Pulumi.prod.yaml": "{}\n",
  "app/Pulumi.test.yaml": "{}\n",
  "app/index.ts": `import { getStack } from "@pulumi/pulumi";
import { File, Host } from "holdfast/host";
const host = new Host("target", { connection: ${JSON.stringify(`local:${sandbox}`)} });
new File("motd", { host, path: "/" + getStack(), content: ${JSON.stringify(content)} });
`,
});

const contentOf = (stage: Stage, stack: "prod" | "test"): string | undefined =>
  stage.files().includes(stack) ? readFileSync(path.join(stage.sandbox, stack), "utf8") : undefined;

const bothHold = (stage: Stage, content: string): Promise<boolean> =>
  until(`both stacks hold ${content}`, () =>
    (["prod", "test"] as const).every(stack => contentOf(stage, stack) === content),
  );

/** Nothing runs, and both stacks are deployed at the head. */
const settled = (stage: Stage): Promise<boolean> =>
  until("both stacks are deployed", async () => {
    const { stacks } = await stage.json("status");
    return [...(stacks ?? [])].every(
      ({ state, deployed }) => state === "in-sync" && deployed?.["sha"] === stage.repository.head(),
    );
  });

async function serveEstate(stage: Stage): Promise<Daemon> {
  const hookSecretFile = path.join(stage.base, "hook-secret");
  writeFileSync(hookSecretFile, `${SECRET}\n`);
  const settings = path.join(stage.base, "settings.yaml");
  writeFileSync(settings, `hookSecretFile: ${hookSecretFile}\n`);
  return stage.serve(["--settings", settings]);
}

const hook = (daemon: Daemon, secret = SECRET): Promise<Response> => {
  const body = JSON.stringify({ ref: "refs/heads/main" });
  const signature = createHmac("sha256", secret).update(body).digest("hex");
  const headers = { "x-hub-signature-256": `sha256=${signature}`, "content-type": "application/json" };
  return fetch(`${daemon.url}/hooks/git`, { method: "POST", body, headers });
};

/** The same, with a program that waits until a file is there. */
function waiting(stage: Stage, content: string, gate: string): Files {
  const files = estate(stage.sandbox, content);
  const there = `existsSync(${JSON.stringify(stage.gate + gate)})`;
  return {
    ...files,
    "app/index.ts": `import { existsSync } from "node:fs";
${String(files["app/index.ts"])}
const wait = async (): Promise<boolean> => {
  while (!${there}) await new Promise(done => setTimeout(done, 20));
  return true;
};
export const waited = wait();
`,
  };
}

/** Whether the process has its own way with SIGINT (`SigCgt` in proc(5)): before, it dies of it. */
function catchesInterrupt(pid: number): boolean {
  const caught = /^SigCgt:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return (BigInt(`0x${caught ?? "0"}`) & 2n) !== 0n;
}

/** Whoever began the run: the daemon may have seen the commit by itself before the client was there. */
const isWaitedFor = (stage: Stage, client: Running): Promise<unknown> =>
  until("it runs, and the client waits", async () => {
    const { runs } = await stage.json("history", "app/prod");
    return runs?.[0]?.["endedAt"] === null && catchesInterrupt(client.pid);
  });

test("the daemon serves people, Git servers and other commands", async t => {
  const stage = makeStage(t, { files: ({ sandbox }) => estate(sandbox, "one\n") });
  const daemon = await serveEstate(stage);
  await bothHold(stage, "one\n");
  await settled(stage);

  await t.test("a signed hook has a commit deployed, long before the next poll", async () => {
    stage.repository.commit("second", estate(stage.sandbox, "two\n"));
    assert.equal((await hook(daemon, "guessed")).status, 401);
    assert.equal((await hook(daemon)).status, 202);
    await bothHold(stage, "two\n");
    await settled(stage);
  });

  await t.test(
    "a person's token opens the API, names them in the history, and is refused once revoked",
    async () => {
      const made = await stage.run(["token", "create", "grace"]);
      const call = (token: string): Promise<Response> =>
        fetch(`${daemon.url}/api/v1/ask`, {
          method: "POST",
          headers: { authorization: `Bearer ${token}` },
          body: JSON.stringify({ stacks: ["app/prod"], mode: "check" }),
        });
      const token = made.stdout.trim();
      assert.equal((await call(`${token}x`)).status, 401);
      const answered = await call(token);
      assert.equal(answered.status, 200);
      const lines = (await answered.text())
        .trim()
        .split("\n")
        .map(line => JSON.parse(line) as Json);
      assert.ok(
        lines.slice(0, -1).some(({ event }) => event?.["type"] === "run-ended"),
        "events come as they happen",
      );
      assert.equal(lines.at(-1)?.["result"]?.["value"]?.[0]?.["by"], "grace");
      const listed = await stage.json("token", "list");
      assert.match(String(listed["tokens"]?.[0]?.["name"]), /grace/);
      assert.ok(listed["tokens"]?.[0]?.["usedAt"], "its use is noted");
      assert.equal((await stage.run(["token", "revoke", "grace"])).code, 0);
      assert.equal((await call(token)).status, 401);
    },
  );

  await t.test("health and metrics tell how it is", async () => {
    const health = (await (await fetch(`${daemon.url}/healthz`)).json()) as Json;
    assert.deepEqual(health, {
      ok: true,
      checks: { source: "ok", stateService: "ok", disk: "ok", providerHost: "ok" },
    });
    const token = (await stage.run(["token", "create", "prometheus"])).stdout.trim();
    const scraped = await fetch(`${daemon.url}/metrics`, { headers: { authorization: `Bearer ${token}` } });
    const text = await scraped.text();
    for (const line of text.split("\n").filter(Boolean))
      assert.match(
        line,
        /^(# (HELP|TYPE) \w+ .+|\w+(\{(\w+="(\\.|[^"\\])*",?)*\})? (\d[\d.e+-]*|\+Inf|NaN))$/,
      );
    const value = (name: string): number =>
      Number(
        text
          .split("\n")
          .find(line => line.startsWith(name))
          ?.split(" ")
          .at(-1),
      );
    assert.ok(value("holdfast_commit_to_converged_seconds_count") >= 4, "two commits on two stacks");
    assert.equal(value('holdfast_runs_total{outcome="converged",trigger="commit"}'), 4);
  });

  await t.test("a second daemon and an import say who is there; commands go through the daemon", async () => {
    const second = await stage.run(["serve", "--listen", "127.0.0.1:0"]);
    assert.equal(second.code, 3);
    assert.match(
      second.stderr,
      new RegExp(`holdfast serve \\(process ${daemon.pid}\\) works on the data folder`),
    );
    assert.doesNotMatch(second.stderr, /\n\s+at /);
    const sync = await stage.run(["sync", "app/prod"]);
    assert.deepEqual([sync.code, sync.stdout.includes("app/prod")], [0, true], sync.stderr);
    assert.deepEqual((await stage.json("history"))["runs"]?.[0]?.["by"], "ada");
    assert.equal((await stage.run(["sync", "nothing/here"])).code, 1);
  });

  await t.test(
    "helpers that die while all is quiet come back on the same port, again and again",
    async () => {
      const health = async (): Promise<Json> => (await (await fetch(`${daemon.url}/healthz`)).json()) as Json;
      for (const part of ["wire-state-main", "providers/main.ts"]) {
        const find = (): { pid: number; command: string } | undefined =>
          stage.processes().find(({ command }) => command.includes(part));
        for (let death = 1; death <= 2; death++) {
          const before = find();
          assert.ok(before, part);
          process.kill(before.pid, "SIGKILL");
          const after = await until(`${part} is back`, async () => {
            const now = find();
            return now && now.pid !== before.pid && (await health())["ok"] ? now : undefined;
          });
          assert.equal(after.command, before.command, "the state service's command line names its port");
        }
      }
      assert.match(daemon.stderr(), /restarted state service: killed by SIGKILL/);
      stage.repository.commit("third", estate(stage.sandbox, "three\n"));
      await hook(daemon);
      await bothHold(stage, "three\n");
      await settled(stage);
    },
  );

  await t.test("Ctrl-C of a waiting sync ends the wait and not the run", async () => {
    stage.repository.commit("slow", waiting(stage, "four\n", "first"));
    const sync = stage.start(["sync", "app/prod"]);
    await isWaitedFor(stage, sync);
    sync.kill("SIGINT");
    const ended = await sync.ended;
    assert.deepEqual([ended.code, ended.signal], [130, null]);
    assert.match(ended.stderr, /the daemon goes on/);
    writeFileSync(`${stage.gate}first`, "");
    await bothHold(stage, "four\n");
    await settled(stage);
  });

  await t.test("a daemon that is killed while a client waits is named, without a stack trace", async () => {
    stage.repository.commit("slow", waiting(stage, "five\n", "second"));
    const sync = stage.start(["sync", "app/prod"]);
    await isWaitedFor(stage, sync).catch(() => assert.fail(`${daemon.stderr()}\n${sync.stderr()}`));
    daemon.kill("SIGKILL");
    const { code, stderr } = await sync.ended;
    assert.equal(code, 1);
    assert.match(stderr, /the daemon died: it ended before it had answered/);
    assert.doesNotMatch(stderr, /\n\s+at /);
    await until("nobody is left", () => stage.processes().length === 0);
  });

  await t.test("its socket and its note do not stand in the way of the next one", async () => {
    assert.equal((await stage.run(["status"])).code, 0);
    const note = JSON.parse(readFileSync(path.join(stage.data, "lock.json"), "utf8")) as Json;
    assert.equal(Number(note["pid"]), daemon.pid, "the dead daemon's note is still there");
    writeFileSync(`${stage.gate}second`, "");
    const plan = await stage.run(["plan", "app/prod"]);
    assert.equal(plan.code, 2, plan.stderr);
  });
});

test("an address or a state port that somebody else has does not stop it with a stack trace", async t => {
  const stage = makeStage(t, { files: ({ sandbox }) => estate(sandbox, "one\n") });
  const other = createServer().listen(0, "127.0.0.1");
  t.after(() => other.close());
  await new Promise(resolve => other.once("listening", resolve));
  const address = other.address();
  const port = typeof address === "object" && address ? address.port : 0;
  const refused = await stage.run(["serve", "--listen", `127.0.0.1:${port}`]);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /cannot be listened on: another program listens there/);
  await until("nobody is left", () => stage.processes().length === 0);

  const token = await stage.json("token", "create", "ada");
  const statePort = Number(new URL(String(token["stateUrl"])).port);
  const squatter = createServer().listen(statePort, "127.0.0.1");
  t.after(() => squatter.close());
  await new Promise(resolve => squatter.once("listening", resolve));
  const synced = await stage.run(["sync", "--verbose"]);
  assert.equal(synced.code, 0, synced.stderr);
  assert.match(synced.stderr, new RegExp(`port ${statePort} cannot be had any more`));
  assert.doesNotMatch(synced.stderr, /\n\s+at /);
});

test("a data folder that cannot be used is said in words", async t => {
  const stage = makeStage(t, { files: ({ sandbox }) => estate(sandbox, "one\n") });
  const file = path.join(stage.base, "file");
  writeFileSync(file, "");
  const loop = path.join(stage.base, "loop");
  symlinkSync(loop, loop);
  const damaged = path.join(stage.base, "damaged");
  mkdirSync(damaged);
  writeFileSync(
    path.join(damaged, "holdfast.db"),
    "no database at all, but long enough to be looked at".repeat(20),
  );
  const cases: readonly (readonly [string, RegExp])[] = [
    [file, /ENOTDIR|a file of this name/],
    [path.join(file, "below"), /a part of this path is a file|ENOTDIR/],
    [path.join(stage.base, "x".repeat(300)), /ENAMETOOLONG/],
    [loop, /ELOOP/],
    [damaged, /is damaged; nothing is run on it\n +file is not a database/],
  ];
  for (const [index, [data, said]] of cases.entries()) {
    const verb = index % 2 ? "status" : "sync";
    const { code, stderr } = await stage.run([verb, "--data", data]);
    assert.equal(code, 1, `${verb} ${data}: ${stderr}`);
    assert.match(stderr, said);
    assert.doesNotMatch(stderr, /\n\s+at |a bug in holdfast/);
  }
});

test("a data folder with a long name works, and one of another repository is refused", async t => {
  const stage = makeStage(t, { files: ({ sandbox }) => estate(sandbox, "one\n") });
  const data = path.join(stage.base, "a-long-name-".repeat(10), "below");
  const env = { HOLDFAST_DATA: data };
  const daemon = await stage.serve([], { env });
  await bothHold(stage, "one\n");
  const status = await stage.run(["sync"], { env });
  assert.equal(status.code, 0, status.stderr);
  daemon.kill("SIGTERM");
  assert.equal((await daemon.ended).code, 0);
  const other = makeRepository(t, { files: estate(stage.sandbox, "other\n") });
  const refused = await stage.run(["sync", "--repo", other.url], { env });
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /belongs to the repository/);
  assert.equal(contentOf(stage, "prod"), "one\n");
});
