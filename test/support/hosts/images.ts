/** Images for the podman of a test host, which reaches no registry: a static busybox that serves a page. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createHash } from "node:crypto";
import { tmpdir } from "node:os";
import path from "node:path";
import { kind, type Asset, type ValueMap } from "../../../src/providers/grpc/value.ts";
import type { Host } from "./hosts.ts";

/** busybox's server ends with nothing less, as first process. */
export const STOPS_AT_ONCE = ["--stop-signal=SIGKILL"];

const serve = '["/bin/busybox","httpd","-f","-p","80","-h","/www"]';

/** An image `localhost/NAME` that serves `page`. */
export async function importImage(host: Host, name: string, page: string): Promise<string> {
  await host.run(`d=$(mktemp -d) && mkdir -p $d/bin $d/www && cp /bin/busybox $d/bin/ && printf %s '${page}' >$d/www/index.html
for b in sh httpd sleep cat echo env; do ln -s busybox $d/bin/$b; done
tar -C $d -c . | podman import --quiet --change 'CMD ${serve}' - localhost/${name} >/dev/null && rm -rf $d`);
  return `localhost/${name}`;
}

const sha256 = (content: Buffer): string => createHash("sha256").update(content).digest("hex");
const assetOf = (file: string, content: Buffer): Asset => ({
  [kind]: "asset",
  path: file,
  hash: sha256(content),
});

export interface ProgramFolder {
  readonly folder: string;
  /** An image of the host as the program brings an archive. */
  saved(host: Host, image: string): Promise<ValueMap>;
  /** A folder with a Containerfile that serves `page`, and a program's property that says so. */
  build(host: Host, page: string, digest: (folder: string) => string): Promise<ValueMap>;
  remove(): Promise<void>;
}

/** What stands for a program's folder. */
export async function programFolder(): Promise<ProgramFolder> {
  const folder = await mkdtemp(path.join(tmpdir(), "holdfast-images-"));
  const fetch = async (host: Host, script: string): Promise<Buffer> =>
    Buffer.from(await host.run(`${script} | base64 -w 0`), "base64");
  return {
    folder,
    async saved(host, image) {
      const file = path.join(folder, "app.tar");
      const content = await fetch(host, `podman save ${image}`);
      await writeFile(file, content);
      return { file: assetOf(file, content), digest: sha256(content) };
    },
    async build(host, page, digest) {
      const app = path.join(folder, "app");
      await mkdir(path.join(app, "www"), { recursive: true });
      await writeFile(path.join(app, "busybox"), await fetch(host, "cat /bin/busybox"), { mode: 0o755 });
      await writeFile(path.join(app, "www", "index.html"), page);
      const file = path.join(app, "Containerfile");
      const text = `FROM scratch\nCOPY busybox /bin/busybox\nCOPY www /www\nCMD ${serve}\n`;
      await writeFile(file, text);
      return {
        file: assetOf(file, await readFile(file)),
        containerfile: "Containerfile",
        digest: digest(app),
      };
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
