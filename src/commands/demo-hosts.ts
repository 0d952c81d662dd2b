/** The hosts that the demo plays on: real ones that `npm run demo` made, or folders that stand for them. */
import { request } from "node:http";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { StepFailed } from "./demo-stage.ts";

export interface RealHost {
  /** `ssh://…` */
  readonly connection: string;
  /** Its file system, as this machine sees it. */
  readonly root: string;
  readonly address: string;
  /** That it has already: it reaches no registry. */
  readonly image: string;
}

export type RealHosts = Readonly<Record<string, RealHost>>;

/** Written by tools/setup/demo.mjs and by nobody else. */
const VARIABLE = "HOLDFAST_DEMO_HOSTS";

/** Undefined: they are folders. */
export function realHosts(env: NodeJS.ProcessEnv): RealHosts | undefined {
  const text = env[VARIABLE];
  return text === undefined ? undefined : (JSON.parse(text) as RealHosts);
}

const ANSWER_MS = 10_000;
const FOLDER = /local:sandbox\/\w+/;
const IMAGE = /registry\.example\.org\S+/;

/** The starter's stacks go to these hosts. */
export async function connectEstate(work: string, hosts: RealHosts): Promise<void> {
  for (const [name, { connection, image }] of Object.entries(hosts)) {
    const file = path.join(work, "stacks", `Pulumi.${name}.yaml`);
    const text = await readFile(file, "utf8");
    if (!FOLDER.test(text) || !IMAGE.test(text)) throw new StepFailed(`${file} is not as the demo knows it`);
    await writeFile(file, text.replace(FOLDER, JSON.stringify(connection)).replace(IMAGE, image));
  }
}

/** What a visitor gets. */
export async function visit({ address }: RealHost, serverName: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const asked = request({ host: address, headers: { host: serverName }, timeout: ANSWER_MS }, answer => {
    let text = "";
    answer.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
    answer.on("end", () => resolve(`${answer.statusCode} ${text.trim()}`));
  });
  asked.on("timeout", () => asked.destroy(new Error("no answer")));
  asked.on("error", error => reject(new StepFailed(`${serverName} cannot be visited: ${error.message}`)));
  asked.end();
  return promise;
}
