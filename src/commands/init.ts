/** `holdfast init [DIR]`: a starter estate of two hosts, with a secret that the person's own key opens. */
import path from "node:path";
import { defineCommand } from "./command.ts";
import { print, sayFailure } from "./with-control.ts";

const NEXT = `Next:
  git init -b main && git add -A && git commit -m "A starter estate"
  holdfast serve --repo .            # applies it, and every commit after it
The hosts are folders at first (sandbox/frodo in the data folder). Write ssh://user@host
into stacks/Pulumi.frodo.yaml to make one real.`;

export const command = defineCommand({
  verb: "init",
  describe: "put a starter estate into a folder",
  builder: { dir: { type: "string", default: ".", describe: "folder; made where it is missing" } },
  async run(args, io) {
    const { plantEstate } = await import("./wire-init.ts");
    const dir = path.resolve(io.cwd, args.dir);
    const planted = await plantEstate(dir, io.env);
    if (!planted.ok) return sayFailure(io, args.json, planted.failure);
    const { files, keyFile, recipient, newKey } = planted.value;
    const key = newKey ? `A new age key is in ${keyFile}: keep a copy of it in a safe place.\n` : "";
    print(
      io,
      args.json,
      () => ({ version: 1, dir, files, recipient }),
      () => `${files.map(file => `  ${file}`).join("\n")}\n${key}${NEXT}`,
    );
    return 0;
  },
});
