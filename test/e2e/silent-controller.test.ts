/** A controller that is stopped has the keys of the state, and does not answer: nobody waits for it for ever. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import test from "node:test";
import { filesOf, generations, makeStage, until, type Ended } from "../support/daemon-stage.ts";
import { pulumiBinary } from "../support/pulumi/stage.ts";

test("while the controller is stopped, a plain CLI and a command end with why; afterwards both work", async t => {
  const stage = makeStage(t, { files: place => generations(place, 1) });
  stage.openGate(1);
  const daemon = await stage.serve();
  await until("it is deployed", () => filesOf(1).every(name => stage.files().includes(name)));
  await until("its run has ended", () => /app\/prod converged/.test(daemon.stderr()));
  const { token, stateUrl } = await stage.json("token", "create", "grace");
  const cwd = path.join(stage.base, "work");
  mkdirSync(cwd);
  writeFileSync(path.join(cwd, "Pulumi.yaml"), "name: app\nruntime: nodejs\n");
  const env = {
    ...stage.env,
    PULUMI_HOME: path.join(stage.base, "pulumi-of-grace"),
    PULUMI_BACKEND_URL: String(stateUrl),
    PULUMI_ACCESS_TOKEN: String(token),
    PULUMI_SKIP_UPDATE_CHECK: "true",
  };
  // A new stack needs a new data key, which the controller wraps.
  const init = (name: string): Promise<Ended> => {
    const args = ["stack", "init", `organization/app/${name}`, "--cwd", cwd, "--non-interactive"];
    return stage.runProgram(pulumiBinary, args, env);
  };
  daemon.kill("SIGSTOP");
  try {
    const [plain, status] = await Promise.all([init("one"), stage.run(["status"])]);
    assert.notEqual(plain.code, 0);
    assert.match(plain.stdout + plain.stderr, /controller, which has the keys of the state, does not answer/);
    assert.equal(status.code, 3, status.stderr);
    assert.match(status.stderr, /^holdfast: Busy: the daemon has not answered for 20 s: it is stopped/);
  } finally {
    daemon.kill("SIGCONT");
  }
  const plain = await init("two");
  assert.equal(plain.code, 0, plain.stderr);
  assert.equal((await stage.run(["status"])).code, 0);
});
