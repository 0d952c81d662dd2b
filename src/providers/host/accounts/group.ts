/** holdfast:host:Group: a group of the host's own (/etc/group). */
import { GROUP } from "../../../sdk/shapes/group.ts";
import { word } from "../../connection/shell-loop.ts";
import type { PlainMap } from "../../grpc/value.ts";
import { done, type Outcome } from "../../outcome.ts";
import type { Done, Family, Seen, Site } from "../family.ts";
import { textOf } from "../placement.ts";
import { step } from "../step.ts";

interface GroupInputs {
  readonly name: string;
  readonly gid?: number;
  readonly system: boolean;
}

function parse(properties: PlainMap): GroupInputs {
  const name = textOf(properties, "name");
  if (name === undefined) throw new TypeError("inputs without a name");
  const gid = properties["gid"];
  return { name, system: properties["system"] === true, ...(typeof gid === "number" && { gid }) };
}

const script = ({ name, gid, system }: GroupInputs): string => {
  const number = gid === undefined ? "" : `-g ${gid}`;
  const change =
    gid === undefined ? ":" : `[ "$(echo "$e" | cut -d: -f3)" = ${gid} ] || groupmod ${number} -- "$g"`;
  return `g=${word(name)}
if e=$(getent group -- "$g"); then ${change}
else groupadd ${system ? "--system" : ""} ${number} -- "$g"; fi && getent group -- "$g" | cut -d: -f3`;
};

async function ensure(inputs: GroupInputs, site: Site): Promise<Outcome<Done>> {
  const made = await step(site, `make group ${inputs.name}`, { script: script(inputs) });
  return made.ok ? done({ outputs: { gid: Number(made.value) } }) : made;
}

async function adopt(name: string, { machine, signal }: Site): Promise<Outcome<Seen | undefined>> {
  const question = { about: "group", name } as const;
  const answers = await machine.ask([question], signal);
  if (!answers.ok) return answers;
  const there = answers.value.get(question);
  return done(there && { properties: { name, gid: there.gid } });
}

export const group: Family<GroupInputs> = {
  type: "holdfast:host:Group",
  shape: GROUP,
  identity: ["name"],
  id: ({ name }) => name,
  parse,
  needsSystem: true,
  look: ({ name }) => [{ about: "group", name }],
  see({ name, gid }, answers, properties) {
    const there = answers.get({ about: "group", name });
    if (!there) return undefined;
    return {
      properties: gid === undefined ? properties : { ...properties, gid: there.gid },
      outputs: { gid: there.gid },
    };
  },
  adopt,
  example: "app",
  ensure,
  async remove({ name }, site) {
    const script = `g=${word(name)}; getent group -- "$g" >/dev/null || exit 0; groupdel -- "$g"`;
    const removed = await step(site, `remove group ${name}`, { script });
    return removed.ok ? done(undefined) : removed;
  },
};
