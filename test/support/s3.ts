/** A real S3 server (versitygw, over a folder) on the loopback address. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { goTool } from "./go-tool.ts";
import { freePort } from "./sshd.ts";

const TOOL = {
  name: "versitygw",
  version: "1.8.0",
  module: "github.com/versity/versitygw/cmd/versitygw",
  large: true,
};
const LOOK_AGAIN_MS = 10;
const PATIENCE_MS = 60_000;

export interface S3Server {
  readonly skip: false;
  readonly accessKey: string;
  readonly secretKey: string;
  readonly region: string;
  /** `http://127.0.0.1:PORT` */
  readonly endpoint: string;
  readonly port: number;
  /** Each folder in it is a bucket, each file an object. */
  readonly folder: string;
  newBucket(name: string): Promise<void>;
  stop(): Promise<void>;
}

async function answers(endpoint: string): Promise<boolean> {
  const response = await fetch(endpoint).catch(() => undefined);
  await response?.body?.cancel();
  return response !== undefined;
}

/** To be stopped by the caller; `skip` says why there can be none here. */
export async function startS3(): Promise<S3Server | { readonly skip: string }> {
  const tool = await goTool(TOOL);
  if (tool.skip !== false) return tool;
  const base = await mkdtemp(path.join(tmpdir(), "s3-"));
  const [folder, metadata] = [path.join(base, "buckets"), path.join(base, "metadata")];
  for (const made of [folder, metadata]) await mkdir(made);
  const [accessKey, secretKey, region] = ["holdfast-test", "not-a-secret", "us-east-1"];
  const port = await freePort();
  // Metadata beside the objects: not every file system of a test machine has extended attributes.
  const args = ["--port", `127.0.0.1:${port}`, "--quiet", "posix", "--sidecar", metadata, folder];
  const env = { ROOT_ACCESS_KEY: accessKey, ROOT_SECRET_KEY: secretKey, VGW_REGION: region };
  const child = spawn(tool.binary, args, { env, stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const ended = once(child, "exit");
  const endpoint = `http://127.0.0.1:${port}`;
  const stop = async (): Promise<void> => {
    child.kill("SIGKILL");
    await ended;
    await rm(base, { recursive: true, force: true });
  };
  const end = Date.now() + PATIENCE_MS;
  while (!(await answers(endpoint))) {
    if (child.exitCode !== null || Date.now() > end) {
      await stop();
      throw new Error(`the S3 server does not answer: ${said}`);
    }
    await wait(LOOK_AGAIN_MS);
  }
  return {
    ...{ skip: false, accessKey, secretKey, region, endpoint, port, folder, stop },
    newBucket: name => mkdir(path.join(folder, name)).then(() => undefined),
  };
}
