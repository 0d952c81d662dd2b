/** The ordinary way: the Automation API with a file backend and an inline program, on the same provider. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { LocalWorkspace, PulumiCommand, type Stack } from "@pulumi/pulumi/automation/index.js";
import { tempFolder, type Ending } from "../test/support/git.ts";
import { contentOf, type Content } from "./estate.ts";
import { timed } from "./figure.ts";

const HOLDFAST = path.resolve(import.meta.dirname, "..");

export interface PlainSide {
  /** Milliseconds of select, refresh, preview and up. */
  converge(content: Content): Promise<number>;
  /** Milliseconds of select, refresh and preview. */
  check(content: Content): Promise<number>;
}

/** Our provider as the plugin that it is for the plain CLI, attached so that starting it costs this side nothing. */
async function startProvider(): Promise<{ port: string; stop: () => void }> {
  const child = spawn(path.join(HOLDFAST, "bin/pulumi-resource-holdfast"), ["127.0.0.1:1"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const [port] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  return { port, stop: () => child.kill() };
}

export async function openPlainSide(cli: string, ending: Ending): Promise<PlainSide> {
  const provider = await startProvider();
  ending.after(() => provider.stop());
  const temp = tempFolder(ending, "holdfast-bench-");
  const { File } = await import("holdfast/host");
  const pulumiCommand = await PulumiCommand.get({ root: path.dirname(path.dirname(cli)) });
  const connection = { local: true as const, root: path.join(temp, "sandbox") };
  const program =
    ({ count, version }: Content) =>
    async (): Promise<void> => {
      for (let index = 0; index < count; index++)
        new File(`f${index}`, { connection, path: `/data/f${index}`, content: contentOf(index, version) });
    };
  const envVars = {
    PULUMI_BACKEND_URL: `file://${temp}`,
    PULUMI_CONFIG_PASSPHRASE: "bench",
    PULUMI_HOME: path.join(temp, "home"),
    PULUMI_DEBUG_PROVIDERS: `holdfast:${provider.port}`,
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
  };
  // Its default is a new folder for each call, which nobody removes.
  const workDir = path.join(temp, "work");
  mkdirSync(workDir);
  const select = (content: Content): Promise<Stack> =>
    LocalWorkspace.createOrSelectStack(
      { stackName: "dev", projectName: "bench", program: program(content) },
      { pulumiCommand, envVars, workDir },
    );
  return {
    converge: content =>
      timed(async () => {
        const stack = await select(content);
        await stack.refresh();
        await stack.preview();
        await stack.up();
      }),
    check: content =>
      timed(async () => {
        const stack = await select(content);
        await stack.refresh();
        await stack.preview();
      }),
  };
}
