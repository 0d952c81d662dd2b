/** Whether a host comes up here at all: the set-up asks it before the tests. Ends with 0 where one did. */
import { startHost } from "./hosts.ts";

const host = await startHost("trial");
try {
  process.stdout.write(await host.run("systemctl is-system-running || :"));
} finally {
  await host.stop();
}
