/** Deploys: the first one, a change, and the way back. */
import path from "node:path";
import { expect, HOSTS, secondsSince, type Stage } from "./demo-stage.ts";
import { stateOf, untilDeployed } from "./demo-state.ts";
import { expectFile, textOf } from "./demo-target.ts";

const SITE = "etc/nginx/sites-available/app.conf";

/** The file that a change of the site reaches. */
export const siteOf = (stage: Stage, host: string): string => path.join(stage.host(host), SITE);

/** Every resource of the state is on the host, and what a person would look at is right. */
async function expectHost(stage: Stage, host: string): Promise<number> {
  const root = stage.host(host);
  const { files } = await stateOf(stage, host);
  expect(files.length > 0, `the state of ${host} is empty`);
  for (const file of files)
    await expectFile(root, file.path, file.mode === undefined ? {} : { mode: file.mode });
  const name = `${host}\\.example\\.org`;
  await expectFile(root, "etc/motd", { content: new RegExp(`This is ${host}, which serves ${name}\\.`) });
  await expectFile(root, SITE, { content: new RegExp(`server_name ${name};`) });
  await expectFile(root, "etc/app/environment", {
    mode: "0600",
    content: /^DATABASE_PASSWORD=[\w-]{16,}\nPORT=\d+\n$/,
  });
  await expectFile(root, "etc/cron.d/old-backups", { content: /^30 4 \* \* sun root find /m });
  return files.length;
}

/** On a real host the application answers, through nginx. */
async function expectVisitors(stage: Stage, host: string): Promise<void> {
  const answer = await stage.visit(host);
  if (answer === undefined) return;
  expect(answer === `200 hello from ${host}`, `a visitor of ${host} gets: ${answer}`);
  stage.say(`a visitor of ${host}.example.org gets: ${answer}`);
}

export async function firstDeploy(stage: Stage): Promise<string> {
  const sha = await stage.repository.pull();
  const start = performance.now();
  stage.say(`$ holdfast serve --repo ${stage.repository.bare}`);
  await stage.daemon.start();
  stage.say(`it answers after ${secondsSince(start)}`);
  await untilDeployed(stage, sha);
  const counts: number[] = [];
  for (const host of HOSTS) {
    counts.push(await expectHost(stage, host));
    await expectVisitors(stage, host);
  }
  stage.say(
    `frodo says: ${(await textOf(path.join(stage.host("frodo"), "etc/motd")))?.split("\n")[0] ?? ""}`,
  );
  return `${counts.join(" + ")} files and folders on two hosts, the secret in one of mode 0600, after ${secondsSince(start)}`;
}

const UPLOADS = "client_max_body_size 20m;";

export async function changeSite(stage: Stage): Promise<string> {
  const { sha, at } = await stage.repository.commit("Let visitors upload 20 MB", {
    "stacks/app-server.ts": text => text.replace("client_max_body_size 1m;", UPLOADS),
  });
  let seconds = "";
  await stage.until("the changed site on both hosts", async () => {
    const texts = await Promise.all(HOSTS.map(host => textOf(siteOf(stage, host))));
    seconds = secondsSince(at);
    return texts.every(text => text?.includes(UPLOADS)) || undefined;
  });
  stage.say(`${SITE} on both hosts: ${UPLOADS}`);
  await untilDeployed(stage, sha);
  return `from push to changed files: ${seconds}`;
}
