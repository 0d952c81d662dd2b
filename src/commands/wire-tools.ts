/** What runs the CLI, the programs and the providers. */
import { realpathSync, rmSync } from "node:fs";
import path from "node:path";
import { outsideCode } from "../config/outside-code.ts";
import type { Records } from "../engine/ports/records.ts";
import { createProcessNotes } from "../engine/process-notes.ts";
import { homeFolder } from "../process/home-folder.ts";
import { systemClock } from "../process/system-clock.ts";
import { createDynamicProviders } from "../program/dynamic/serve-providers.ts";
import { createInstaller } from "../program/installer.ts";
import { packageToolEnvironment } from "../program/package-tool-environment.ts";
import { createWorkerPool } from "../program/worker-pool.ts";
import { createProviderHostClient } from "../providers/client.ts";
import { createPulumi } from "../pulumi/create-pulumi.ts";
import type { createRedactor } from "../secrets/redactor.ts";
import { announce, HOLDFAST, NETWORK, present, type Found, type OpenOptions } from "./wire-found.ts";

/** What runs the CLI and the programs. */
export function makeTools(
  options: OpenOptions,
  records: Records,
  found: Found,
  redactor: ReturnType<typeof createRedactor>,
) {
  const { settings, env } = options;
  const { elsewhere } = options;
  const environment = { ...found.system, ...present(env, NETWORK), ...elsewhere?.env };
  const redact = (text: string): string => redactor.redact(text);
  const notes = createProcessNotes(records, systemClock, options.listener);
  const inData = (name: string): string => path.join(settings.data, name);
  const { runDir, box } = found;
  const cache = inData("compile-cache");
  const workers = createWorkerPool({
    holdfast: HOLDFAST,
    cache,
    redact,
    spare: settings.workers,
    ...(box ? { box } : {}),
  });
  const own = createPulumi({
    binary: found.cli,
    home: inData("pulumi"),
    plugins: path.join(homeFolder(), ".pulumi", "plugins"),
    runDir,
    redactor,
    environment,
    ...(box && { limits: box.isolation.limits, dynamicProviders: createDynamicProviders({ cache, box }) }),
    passphrase: {
      passphrase: env["PULUMI_CONFIG_PASSPHRASE"],
      passphraseFile: env["PULUMI_CONFIG_PASSPHRASE_FILE"],
    },
    onProcess: live => notes.started(live),
    onProcessEnded: pid => notes.ended(pid),
  });
  const pulumi = elsewhere ? elsewhere.pulumi(own) : own;
  const progress = options.onProgress ? { onProgress: options.onProgress } : {};
  const { wish, plugins = "refuse" } = settings.isolation ?? {};
  const outside = { required: wish === "required", plugins };
  const installer = createInstaller({
    holdfast: HOLDFAST,
    cache: inData("installs"),
    projects: inData("plain-projects"),
    registries: settings.npmRegistries ?? [],
    env: packageToolEnvironment(env),
    redact,
    ...progress,
    ...(box ? { box, objections: (root, stack) => outsideCode(root, stack, outside) } : {}),
  });
  // Most projects bring no SDK of their own: theirs is loaded while the repository is fetched.
  workers.warm([realpathSync(path.join(HOLDFAST, "node_modules", "@pulumi", "pulumi"))]);
  const removeRunDir = (): void => rmSync(runDir, { recursive: true, force: true });
  return { workers, pulumi, installer, removeRunDir, notes };
}

export function startProviders(
  options: OpenOptions,
  found: Found,
  redact: (text: string) => string,
  mayMutate: (runId: string, urn: string) => Promise<boolean>,
): ReturnType<typeof createProviderHostClient> {
  return createProviderHostClient({
    mayMutate,
    base: options.settings.data,
    env: { ...found.system, ...present(options.env, ["SSH_AUTH_SOCK"]) },
    onRestart: announce(options, "provider host"),
    onOutput: text =>
      options.listener({ type: "message", level: "error", text: redact(text), at: systemClock.now() }),
  });
}
