/** holdfast:host:Handler: something that is done once, after what it waits for has changed. */
import { HANDLER, handlerMistakes } from "../../../sdk/shapes/handler.ts";
import { word } from "../../connection/shell-loop.ts";
import type { PlainMap } from "../../grpc/value.ts";
import { done, trouble, type Outcome } from "../../outcome.ts";
import type { Checked, CheckRequest } from "../../resource.ts";
import type { Done, Family, Seen, Site } from "../family.ts";
import { textOf } from "../placement.ts";
import { step } from "../step.ts";
import {
  dueOf,
  isDue,
  isNoted,
  itemsNow,
  itemsOf,
  lookedIn,
  lookNow,
  lookQuestions,
  pathsOf,
  recordPath,
  recordText,
  saveRecord,
  wasFormer,
  type Due,
  type Looked,
  type Watch,
} from "./watched.ts";

interface HandlerInputs {
  readonly name: string;
  readonly watch: Watch;
  readonly reload?: string;
  readonly restart?: string;
  readonly command?: string;
  readonly check?: string;
  readonly withinMs: number;
}

const WITHIN = 60;

function parse(properties: PlainMap): HandlerInputs {
  const name = textOf(properties, "name");
  if (name === undefined) throw new TypeError("inputs without a name");
  const said = (key: "reload" | "restart" | "command" | "check") => {
    const value = textOf(properties, key);
    return value === undefined ? {} : { [key]: value };
  };
  const within = properties["within"];
  return {
    name,
    watch: { work: "run", items: itemsOf(properties["when"]) },
    ...said("reload"),
    ...said("restart"),
    ...said("command"),
    ...said("check"),
    withinMs: (typeof within === "number" ? within : WITHIN) * 1000,
  };
}

const complete = ({ inputs }: CheckRequest): Checked => ({
  inputs,
  problems: handlerMistakes(inputs).map(([property, reason]) => ({ property, reason })),
});

const record = ({ name }: HandlerInputs): string => recordPath("handlers", name);

/** A file that left the list, and then the host, is a change as well. */
function dueNow({ watch }: HandlerInputs, looked: Looked): Due {
  const due = dueOf(watch, looked);
  return { ...due, values: due.values || wasFormer(looked) };
}

/** Without a record it has never run here: it is made anew. */
function seen(inputs: HandlerInputs, looked: Looked, properties: PlainMap): Seen | undefined {
  if (looked.noted === undefined) return undefined;
  const due = dueNow(inputs, looked);
  return { properties: isDue(due) ? { ...properties, when: itemsNow(inputs.watch.items, due) } : properties };
}

async function read(
  inputs: HandlerInputs,
  site: Site,
  properties: PlainMap,
): Promise<Outcome<Seen | undefined>> {
  const looked = await lookNow(site, record(inputs), [inputs.watch]);
  return looked.ok ? done(seen(inputs, looked.value, properties)) : looked;
}

/** A unit that was stopped stays so, and one that failed is started with what is there now. */
const unitScript = (unit: string, verb: "reload" | "restart"): string => `u=${word(unit)}
tell() { journalctl --unit="$u" --lines=5 --output=cat --no-pager >&2; exit 1; }
show() { systemctl show --property="$1" --value -- "$u"; }
if [ "$(show LoadState)" = not-found ]; then echo "there is no unit $u" >&2; exit 1; fi
case $(show ActiveState) in
active|reloading|refreshing) systemctl ${verb} -- "$u" || tell ;;
activating|failed) systemctl reset-failed -- "$u"; systemctl restart -- "$u" || tell ;;
esac`;

function deed({ reload, restart, command = ":" }: HandlerInputs): readonly [what: string, script: string] {
  if (reload !== undefined) return [`reload ${reload}`, unitScript(reload, "reload")];
  if (restart !== undefined) return [`restart ${restart}`, unitScript(restart, "restart")];
  return ["run its command", command];
}

async function act(inputs: HandlerInputs, site: Site): Promise<Outcome<void>> {
  const steps: (readonly [what: string, script: string])[] = [];
  if (inputs.check !== undefined) steps.push(["check before it", inputs.check]);
  steps.push(deed(inputs));
  for (const [what, script] of steps) {
    const said = await step(site, `${inputs.name}: ${what}`, { script, deadlineMs: inputs.withinMs });
    if (!said.ok) return said;
  }
  return done(undefined);
}

/** What is looked at first is what is noted: a file that changes while it runs makes it due again. */
async function ensure(
  inputs: HandlerInputs,
  site: Site,
  old: HandlerInputs | undefined,
): Promise<Outcome<Done>> {
  const { watch } = inputs;
  const looked = await lookNow(site, record(inputs), [watch]);
  if (!looked.ok) return looked;
  if (isNoted([watch], looked.value)) return done({});
  const due = looked.value.noted === undefined || isDue(dueNow(inputs, looked.value));
  const acted = due ? await act(inputs, site) : done(undefined);
  if (!acted.ok) return acted;
  // The run that takes a file off the list removes it when everything else is done.
  const now = new Set(pathsOf(watch));
  const former = old !== undefined && pathsOf(old.watch).some(path => !now.has(path));
  const saved = await saveRecord(site, record(inputs), recordText([watch], looked.value, former));
  return saved.ok ? done({}) : saved;
}

export const handler: Family<HandlerInputs> = {
  type: "holdfast:host:Handler",
  shape: HANDLER,
  complete,
  identity: ["name"],
  id: ({ name }) => name,
  parse,
  needsSystem: true,
  look: inputs => lookQuestions(record(inputs), [inputs.watch]),
  see: (inputs, answers, properties) =>
    seen(inputs, lookedIn(answers, record(inputs), [inputs.watch]), properties),
  read,
  adopt: async name =>
    trouble("refused", `cannot import ${name}: a handler is something to do, and nothing that is there`),
  example: "reload-nginx",
  ensure,
  async remove(inputs, site) {
    const script = `rm -f -- ${word(record(inputs))}`;
    const removed = await step(site, `remove the record of ${inputs.name}`, { script });
    return removed.ok ? done(undefined) : removed;
  },
};
