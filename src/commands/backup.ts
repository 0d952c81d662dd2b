/** `holdfast backup`: makes a backup now; `holdfast backup list` shows those that are there. */
import { ago } from "../report/age.ts";
import { formatBytes } from "../report/bytes.ts";
import { defineCommand, type GlobalArgs, type Io } from "./command.ts";
import type { Listed, MadeBackup } from "./wire-restore.ts";
import { answer, print } from "./with-control.ts";

const iso = (at: number): string => new Date(at).toISOString();

const madeDocument = ({ name, at, size, where, stacks, removed }: MadeBackup) => ({
  version: 1,
  where,
  made: { name, at: iso(at), size, stacks },
  removed,
});

const listDocument = ({ where, backups }: Listed) => ({
  version: 1,
  where,
  backups: backups.map(({ name, at, occasion, size }) => ({ name, at: iso(at), occasion, size })),
});

function madeText({ name, size, where, stacks, removed, warning }: MadeBackup): string {
  const gone = removed.length === 0 ? "" : `; ${removed.length} older ones removed`;
  const notGone = warning === undefined ? "" : `\nolder backups could not be removed: ${warning}`;
  return `${name}\n${stacks} stacks, ${formatBytes(size)}, in ${where}; read back and checked${gone}${notGone}`;
}

function listText({ where, backups }: Listed): string {
  if (backups.length === 0) return `No backups in ${where}.`;
  const now = Date.now();
  const line = ({ name, at, size }: Listed["backups"][number]): string =>
    `${ago(at, now).padEnd(8)}  ${formatBytes(size).padStart(8)}  ${name}`;
  return [where, ...backups.map(line)].join("\n");
}

async function list(args: GlobalArgs & { readonly to: string | undefined }, io: Io): Promise<number> {
  const { listBackups } = await import("./wire-restore.ts");
  return answer(io, args.json, await listBackups(args, io, args.to), listed => {
    print(
      io,
      args.json,
      () => listDocument(listed),
      () => listText(listed),
    );
    return 0;
  });
}

export const command = defineCommand({
  verb: "backup",
  describe: "make an encrypted backup of everything that holdfast remembers; list them",
  builder: {
    action: { type: "string", choices: ["make", "list"], default: "make", describe: "what to do" },
    to: { type: "string", describe: "folder, s3://BUCKET/PREFIX, or git; else as in the settings" },
  },
  async run(args, io) {
    if (args.action === "list") return list(args, io);
    const { backupNow } = await import("./wire-restore.ts");
    return answer(io, args.json, await backupNow(args, io, args.to), made => {
      print(
        io,
        args.json,
        () => madeDocument(made),
        () => madeText(made),
      );
      return 0;
    });
  },
});
