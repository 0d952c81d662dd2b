/** `holdfast unlock STACK`: says who holds a stack and what is open, then, when told to, ends it. */
import { fail, ok, type Result } from "../engine/failure.ts";
import type { Control, Lock } from "../engine/ports/control.ts";
import type { Adoption } from "../engine/ports/state.ts";
import { askYes } from "../process/ask-yes.ts";
import { unlockDocument } from "../report/documents.ts";
import { lockText, unlockedText } from "../report/lock-text.ts";
import { defineCommand, type Io } from "./command.ts";
import { print, sayFailure, whoAsks, withControl } from "./with-control.ts";

/** Somebody else's turn, or nobody said yes. */
const HELD = 3;

interface UnlockArgs {
  readonly stack: string;
  readonly yes: boolean;
  readonly force: boolean;
  readonly forget: readonly string[];
  readonly adopt: readonly string[];
  readonly json: boolean;
}

/** `URN=ID`: both may hold an `=`, so it is cut after a URN that is known. Those without an id are left out. */
function adoptionsOf(words: readonly string[], { pending, underWay }: Lock): readonly Adoption[] {
  const known = [...pending, ...underWay].map(({ urn }) => urn);
  return words.flatMap(word => {
    const end = known.find(urn => word.startsWith(`${urn}=`))?.length ?? word.indexOf("=");
    const [urn, id] = [word.slice(0, Math.max(0, end)), word.slice(end + 1)];
    return urn !== "" && id !== "" ? [{ urn, id }] : [];
  });
}

const isNothing = ({ lease }: Lock, { forget, adopt }: UnlockArgs): boolean =>
  !lease && forget.length + adopt.length === 0;

function explain(io: Io, args: UnlockArgs, lock: Lock, unlocked: boolean): void {
  print(
    io,
    args.json,
    () => unlockDocument(lock, unlocked),
    () => (unlocked ? unlockedText(lock) : lockText(lock)),
  );
}

/** Before anything is done the person has read what it is about; --yes is a person's word, too. */
async function agreed(io: Io, args: UnlockArgs, lock: Lock): Promise<boolean> {
  if (args.yes) return true;
  if (args.json || !io.isTTY.stdin || !io.isTTY.stderr) return false;
  io.stderr(`${lockText(lock)}\n\n`);
  return askYes(io.stdin, text => io.stderr(text), `Unlock ${args.stack}?`);
}

async function act(control: Control, io: Io, args: UnlockArgs): Promise<Result<number>> {
  const { stack, force, forget } = args;
  const found = await control.lock(stack);
  if (!found.ok) return found;
  const lock = found.value;
  const adopt = adoptionsOf(args.adopt, lock);
  if (adopt.length < args.adopt.length) {
    const problem = {
      message: "--adopt takes a URN, an equals sign and an id",
      hint: `holdfast unlock ${stack} lists the URNs`,
    };
    return fail({ kind: "stalled", reason: "config-invalid", problems: [problem] });
  }
  if (isNothing(lock, args)) {
    explain(io, args, lock, false);
    return ok(0);
  }
  if (!(await agreed(io, args, lock))) {
    explain(io, args, lock, false);
    io.stderr("\nNothing was done. To do it: say --yes.\n");
    return ok(HELD);
  }
  if (!args.json && lock.lease) io.stderr(`${lockText(lock)}\n\n`);
  const after = await control.unlock({ stack, by: whoAsks(io), force, forget, adopt });
  if (!after.ok) return after;
  explain(io, args, after.value, true);
  return ok(0);
}

export const command = defineCommand({
  verb: "unlock",
  describe: "who holds a stack, and what has no known end; with --yes, end it",
  builder: {
    stack: { type: "string", required: true, describe: "<project>/<stack>" },
    yes: { type: "boolean", describe: "do it; needed where nobody can be asked" },
    force: { type: "boolean", describe: "also where the holder is a run of this holdfast that lives" },
    forget: { type: "list", describe: "URN whose create of unknown end made nothing, or nothing to keep" },
    adopt: { type: "list", describe: "URN=ID: that create did make the resource, with this id" },
  },
  run: (args, io) =>
    withControl(args, io, "unlock", async control => {
      const done = await act(control, io, args);
      return done.ok ? done.value : sayFailure(io, args.json, done.failure);
    }),
});
