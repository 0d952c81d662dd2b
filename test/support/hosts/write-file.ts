/** `node write-file.ts CONNECTION PATH CONTENT`: makes a file on a host, in a process of its own. */
import { openDesk } from "./resources.ts";

const [connection = "", path = "", content = ""] = process.argv.slice(2);
const desk = await openDesk();
try {
  await desk.on({ host: connection }, "File").create({ path, content });
} finally {
  await desk.close();
}
