/** `holdfast serve`: the daemon. */
import { defineCommand } from "./command.ts";
import { isolationOptions } from "./isolation-options.ts";
import { serveExit } from "./run-exit.ts";
import { sayFailure } from "./with-control.ts";

export const command = defineCommand({
  verb: "serve",
  describe: "follow the repository and keep everything equal to it",
  builder: {
    listen: { type: "string", describe: "HOST:PORT for health, metrics, hook and API" },
    "allowed-signers-file": { type: "string", describe: "deploy only commits signed by these SSH keys" },
    "revoked-signers-file": { type: "string", describe: "SSH keys that do not count any more" },
    "gpg-keys-file": { type: "string", describe: "deploy only commits signed by these GPG keys" },
    ...isolationOptions,
    settings: { type: "string", describe: "settings file; else settings.yaml in the data folder" },
  },
  async run(args, io) {
    const { openDaemon } = await import("./wire-serve.ts");
    const opened = await openDaemon(args, io);
    if (!opened.ok) return serveExit(opened.failure, sayFailure(io, args.json, opened.failure));
    const { promise, resolve } = Promise.withResolvers<void>();
    io.stopSignal().addEventListener("abort", () => resolve(), { once: true });
    await promise;
    io.stderr("holdfast: stopping; an apply under way is finished first\n");
    await opened.value.close();
    return 0;
  },
});
