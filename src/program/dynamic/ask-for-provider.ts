/**
 * Stands for a dynamic provider where the CLI looks for one: has the daemon start it in a box, and is its stdout and
 * stderr. When one of both is gone, so is the other. It holds nothing that the provider needs to be trusted with.
 */
import net from "node:net";
import { onLines } from "../../process/lines.ts";
import { engineOf, SOCKET_VARIABLE, toldOf, type ProviderNews } from "./provider-request.ts";

let code = 1;

function hear(news: ProviderNews): void {
  if ("code" in news) code = news.code;
  else process[news.stream].write(Buffer.from(news.data, "base64"));
}

const daemon = net.connect(process.env[SOCKET_VARIABLE] ?? "");
daemon.on("error", error => process.stderr.write(`holdfast cannot be reached: ${error.message}\n`));
daemon.on("close", () => (process.exitCode = code));
onLines(daemon, line => hear(JSON.parse(line) as ProviderNews));
const request = { engine: engineOf(process.argv.slice(2)), cwd: process.cwd(), env: toldOf(process.env) };
daemon.write(`${JSON.stringify(request)}\n`);
