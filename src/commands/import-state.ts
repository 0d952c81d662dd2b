/** `holdfast import-state STACK FROM`: takes states over from Pulumi's own backends and from export files, and verifies them by a plan. */
import { ok, type Result } from "../engine/failure.ts";
import { importDocument, movedText, freezeText, leftText, type Moved } from "../report/moved-state.ts";
import { defineCommand, type GlobalArgs, type Io } from "./command.ts";
import { openSource, type ImportSource } from "./import-source.ts";
import { takeState, type Taking } from "./import-take.ts";
import { exitOf, print, sayFailure, wantsColor, whoAsks, withControl } from "./with-control.ts";

const EX_USAGE = 64;
const FAILED = 1;
const DIFFERENT = 2;

interface Wish {
  readonly from: string;
  /** Undefined: all that the repository has. */
  readonly stack: string | undefined;
  readonly name: string | undefined;
  readonly force: boolean;
}

/** 0 nothing would change, 2 something would, 1 one was refused or could not be verified, 3 where one is busy. */
function exitCode(all: readonly Moved[]): number {
  const [first] = all;
  if (all.length === 1 && first?.moved === false) return exitOf(first.failure);
  if (all.some(one => !one.moved || one.verdict === "unknown")) return FAILED;
  return all.some(one => one.moved && one.verdict === "differs") ? DIFFERENT : 0;
}

function say(
  io: Io,
  args: GlobalArgs,
  source: ImportSource,
  all: readonly Moved[],
  left: readonly string[],
): number {
  const [first] = all;
  // A single stack that was refused is a command that could not do its work.
  if (all.length === 1 && first?.moved === false && left.length === 0)
    return sayFailure(io, args.json, first.failure);
  const { shown } = source;
  const text = (): string =>
    [
      ...all.map(one => movedText(one, { color: wantsColor(io) })),
      ...(shown !== undefined && left.length > 0 ? [leftText(shown, left)] : []),
      ...(shown !== undefined && all.some(({ moved }) => moved) ? [freezeText(shown)] : []),
    ].join("\n\n");
  print(io, args.json, () => importDocument(shown, all, left), text);
  return exitCode(all);
}

/** Those that the repository has; the others are named and left where they are. */
async function takeAll(
  taking: Taking,
  source: ImportSource,
): Promise<Result<{ readonly all: readonly Moved[]; readonly left: readonly string[] }>> {
  const there = await source.stacks();
  if (!there.ok) return there;
  const { stacks } = await taking.control.overview();
  const known = new Set(stacks.flatMap(({ stack, settings }) => (settings ? [stack] : [])));
  const all: Moved[] = [];
  for (const stack of there.value.filter(name => known.has(name)))
    all.push(await takeState(taking, source, { stack }));
  return ok({ all, left: there.value.filter(name => !known.has(name)) });
}

async function work(args: GlobalArgs, io: Io, wish: Wish, source: ImportSource): Promise<number> {
  return withControl(args, io, "import-state", async control => {
    const progress = (text: string): void => {
      if (io.isTTY.stderr || args.verbose) io.stderr(`${text}\n`);
    };
    const taking: Taking = { control, by: whoAsks(io), force: wish.force, progress };
    // Which stacks there are, and so which can be paused, is known only after a fetch.
    const fetched = await control.poll();
    if (!fetched.ok) return sayFailure(io, args.json, fetched.failure);
    const { stack, name } = wish;
    if (stack !== undefined) {
      const moved = await takeState(taking, source, { stack, ...(name && { name }) });
      return say(io, args, source, [moved], []);
    }
    const taken = await takeAll(taking, source);
    if (!taken.ok) return sayFailure(io, args.json, taken.failure);
    return say(io, args, source, taken.value.all, taken.value.left);
  });
}

function usage(io: Io, why: string): number {
  io.stderr(`holdfast: ${why}: holdfast import-state STACK FROM, or holdfast import-state --all URL\n`);
  return EX_USAGE;
}

export const command = defineCommand({
  verb: "import-state",
  describe: "take over states from a backend of Pulumi's own, or from a `pulumi stack export`",
  builder: {
    stack: { type: "string", describe: "<project>/<stack>; not with --all" },
    from: {
      type: "string",
      describe:
        "file://, s3://, gs://, azblob:// or postgres://…, or a file of `pulumi stack export --show-secrets`; - is stdin",
    },
    all: { type: "boolean", describe: "all stacks of a backend that the repository has" },
    force: {
      type: "boolean",
      describe: "also where the stack has a state already; that one stays in its history",
    },
    "from-stack": {
      type: "string",
      describe: "its name there, <project>/<stack>, where that is another one",
    },
  },
  async run(args, io) {
    const { all, force, stack } = args;
    const name = args["from-stack"];
    // With --all the one word is the address.
    const from = all ? stack : args.from;
    if (stack === undefined || from === undefined) return usage(io, "something is missing");
    if (all && (args.from !== undefined || name !== undefined))
      return usage(io, "--all takes all by their own names");
    const source = await openSource(args, io, from);
    if (!source.ok) return sayFailure(io, args.json, source.failure);
    try {
      if (all && source.value.shown === undefined) return usage(io, "--all takes them from a backend");
      return await work(args, io, { from, force, name, stack: all ? undefined : stack }, source.value);
    } finally {
      await source.value.close();
    }
  },
});
