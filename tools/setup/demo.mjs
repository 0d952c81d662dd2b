/**
 * `npm run demo [-- --folders] [ARGS]`: the story of `holdfast demo`, on two real hosts with systemd where they can be
 * made here (root, and the programs that the tests' hosts need), on folders that stand for hosts otherwise.
 */
import path from "node:path";
import { runForeground } from "./child.mjs";
import { ensureHosts, hasHostPrograms } from "./hosts.mjs";
import { say } from "./say.mjs";

const root = path.resolve(import.meta.dirname, "..", "..");
const IMAGE = "app:1.4.2";
const NAMES = ["frodo", "camelot"];

const onFolders = why => say(`the hosts of the demo are folders: ${why}`);

/** Undefined where there can be none, which is said. */
async function startRealHosts() {
  if (process.platform !== "linux" || process.getuid?.() !== 0)
    return onFolders("real ones need root on Linux");
  if (!hasHostPrograms())
    return onFolders("real ones need systemd-nspawn and mmdebstrap; npm test installs them");
  await ensureHosts(root);
  const { noHosts, startHosts } = await import("../../test/support/hosts/hosts.ts");
  if (noHosts !== false) return onFolders(noHosts);
  const { importImage } = await import("../../test/support/hosts/images.ts");
  const start = performance.now();
  const hosts = await startHosts(NAMES);
  try {
    for (const name of NAMES) await importImage(hosts.host(name), IMAGE, `hello from ${name}`);
  } catch (error) {
    await hosts.stop();
    return onFolders(`podman does not work on real ones here: ${error.message}`);
  }
  const took = ((performance.now() - start) / 1000).toFixed(1);
  say(`the hosts of the demo are real: ${NAMES.join(" and ")}, Debian with systemd, up after ${took} s`);
  return hosts;
}

const described = hosts =>
  JSON.stringify(
    Object.fromEntries(
      hosts.all.map(host => [
        host.name,
        {
          connection: host.connectionText,
          root: host.root(),
          address: host.address,
          image: `localhost/${IMAGE}`,
        },
      ]),
    ),
  );

const wanted = process.argv.slice(2);
const args = wanted.filter(one => one !== "--folders");

async function chosenHosts() {
  if (args.includes("--help")) return undefined;
  if (args.length < wanted.length) return onFolders("--folders wants it so");
  // Real ones end with this process, and nobody could go on playing.
  return args.includes("--keep") ? onFolders("--keep keeps them") : startRealHosts();
}

const hosts = await chosenHosts();
try {
  const env = { ...process.env, ...(hosts && { HOLDFAST_DEMO_HOSTS: described(hosts) }) };
  const program = [path.join(root, "src", "cli.ts"), "demo", ...args];
  const ended = await runForeground(process.execPath, program, { env });
  process.exitCode = ended.code;
} finally {
  await hosts?.stop();
}
