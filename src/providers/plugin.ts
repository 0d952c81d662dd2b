/**
 * The provider for the plain Pulumi CLI, which starts it as an executable and reads its port from stdout.
 * It serves every stack: the CLI that started it is the only one that knows the port.
 */
import { createProviderHost } from "./provider-host.ts";

const host = createProviderHost({ base: process.cwd() });
const port = await host.open({ runId: "plugin" });
process.stdout.write(`${port}\n`);

const end = (): void => {
  const exit = (): never => process.exit(0);
  host.closeAll().then(exit, exit);
};
process.once("SIGTERM", end);
process.once("SIGINT", end);
