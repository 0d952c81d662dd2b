/** Makes a Pulumi resource of a family of things on a host: checks, reads in one go with others, imports, folders. */
import { flawsOf } from "../../sdk/shapes/shape.ts";
import type { Answers } from "../connection/questions.ts";
import { checkConnection, hostOf, parseConnection, type Connection } from "../connection/spec.ts";
import { diffInputs } from "../grpc/diff.ts";
import { isMap, isUnknown, mapOf, type Plain, type PlainMap, type Unknown } from "../grpc/value.ts";
import { done, trouble, type Outcome } from "../outcome.ts";
import type {
  CallContext,
  Checked,
  CheckRequest,
  Found,
  Present,
  ReadRequest,
  Resource,
} from "../resource.ts";
import type { Done, Family, Seen, Site } from "./family.ts";

interface Placed<Inputs> {
  readonly connection: Connection;
  readonly inputs: Inputs;
  /** Without the connection. */
  readonly properties: PlainMap;
  /** With it. */
  readonly all: PlainMap;
}

const isLater = (value: unknown): value is Unknown => isUnknown(value as Plain | undefined);
const without = (inputs: PlainMap, name: string): PlainMap =>
  mapOf(Object.entries(inputs).filter(([key]) => key !== name));

function check<Inputs>(family: Family<Inputs>, request: CheckRequest): Checked {
  const given = mapOf(Object.entries(request.inputs).filter(([, value]) => value !== null));
  const connection = checkConnection(given["connection"]);
  const flaws = flawsOf(family.shape, given, isLater, ["connection"]);
  const problems = [...connection.problems, ...flaws.map(({ at, reason }) => ({ property: at, reason }))];
  const inputs = { ...given, connection: connection.canonical };
  if (flaws.length > 0 || !family.complete) return { inputs, problems };
  const completed = family.complete({ ...request, inputs });
  return { inputs: completed.inputs, problems: [...problems, ...completed.problems] };
}

/** Of inputs that a check let pass; anything else is a bug of the caller. */
function parse<Inputs>(family: Family<Inputs>, all: PlainMap): Placed<Inputs> {
  const connection = parseConnection(all["connection"]);
  if (!connection) throw new TypeError("inputs without a connection");
  const properties = without(all, "connection");
  return { connection, properties, inputs: family.parse(properties), all };
}

const siteOf = (connection: Connection, { connections, signal }: CallContext): Site => ({
  machine: connections.machine(connection),
  signal,
});

/** Nothing can be done about it where there is no system; it is taken as done. */
const isPassedOver = <Inputs>(family: Family<Inputs>, { machine }: Site): boolean =>
  family.needsSystem && !machine.system;

async function ensure<Inputs>(
  family: Family<Inputs>,
  { connection, inputs, properties, all }: Placed<Inputs>,
  context: CallContext,
  old?: Inputs,
): Promise<Outcome<Present>> {
  const site = siteOf(connection, context);
  const stateOf = ({ outputs, problems }: Done): Present => ({
    state: { ...all, ...(outputs ?? family.outputs?.(properties)) },
    ...(problems && { problems }),
  });
  if (isPassedOver(family, site)) return done(stateOf({}));
  const ensured = await family.ensure(inputs, site, old);
  return ensured.ok ? done(stateOf(ensured.value)) : ensured;
}

const differencesOf = (properties: PlainMap, seen: Seen | undefined): readonly string[] =>
  seen ? diffInputs(properties, seen.properties).map(({ path }) => path) : [""];

async function observe<Inputs>(
  family: Family<Inputs>,
  { inputs, properties }: Placed<Inputs>,
  site: Site,
): Promise<Outcome<Seen | undefined>> {
  const questions = family.look(inputs);
  const answers = await site.machine.ask(questions, site.signal);
  if (!answers.ok) return answers;
  const readAll = async (): Promise<Outcome<Seen | undefined>> =>
    family.read?.(inputs, site, properties, answers.value) ?? trouble("refused", "it cannot be read");
  if (questions.length === 0) return readAll();
  const seen = family.see(inputs, answers.value, properties);
  const same = differencesOf(properties, seen).length === 0;
  return same || !family.read ? done(seen) : readAll();
}

const cannotImport = <Inputs>({ example }: Family<Inputs>, id: string): Outcome<never> =>
  trouble(
    "refused",
    `cannot import ${id}: the id must be CONNECTION#NAME, for example ssh://user@host#${example}`,
  );

/** `CONNECTION#NAME`, for example `ssh://deploy@frodo#/etc/motd`. */
async function adopt<Inputs>(
  family: Family<Inputs>,
  id: string,
  context: CallContext,
): Promise<Outcome<Found | undefined>> {
  const cut = id.indexOf("#");
  const { canonical, problems } = checkConnection(id.slice(0, Math.max(cut, 0)));
  const connection = problems.length === 0 ? parseConnection(canonical) : undefined;
  const name = id.slice(cut + 1);
  if (cut < 0 || !connection || !isMap(canonical) || name === "") return cannotImport(family, id);
  const site = siteOf(connection, context);
  if (isPassedOver(family, site))
    return trouble("refused", `cannot import ${id}: ${site.machine.name} is a folder, and has files only`);
  const seen = await family.adopt(name, site);
  if (!seen.ok || !seen.value) return seen.ok ? done(undefined) : seen;
  const inputs = { connection: canonical, ...seen.value.properties };
  const { problems: flaws } = check(family, { inputs, isSecret: () => false });
  const [flaw] = flaws;
  if (flaw) return trouble("refused", `cannot import ${id}: ${flaw.property} ${flaw.reason}`);
  const parsed = parse(family, inputs);
  return done(found(family, parsed, seen.value));
}

function found<Inputs>(family: Family<Inputs>, { inputs, all }: Placed<Inputs>, seen: Seen): Found {
  const now = { connection: all["connection"] ?? null, ...seen.properties };
  return { id: family.id(inputs), inputs: now, state: { ...now, ...seen.outputs } };
}

async function read<Inputs>(
  family: Family<Inputs>,
  request: ReadRequest,
  context: CallContext,
): Promise<Outcome<Found | undefined>> {
  if (!request.inputs) return adopt(family, request.id, context);
  const placed = parse(family, managed(family, request.inputs));
  const site = siteOf(placed.connection, context);
  if (isPassedOver(family, site))
    return done(
      found(family, placed, { properties: placed.properties, ...noted(family, placed.properties) }),
    );
  const seen = await observe(family, placed, site);
  if (!seen.ok || !seen.value) return seen.ok ? done(undefined) : seen;
  return done(found(family, placed, seen.value));
}

/** The engine may hand over the state where it has no inputs: what is not an input is left out. */
const managed = <Inputs>({ shape }: Family<Inputs>, inputs: PlainMap): PlainMap =>
  mapOf(Object.entries(inputs).filter(([key]) => key === "connection" || Object.hasOwn(shape, key)));

const noted = <Inputs>(family: Family<Inputs>, properties: PlainMap): Pick<Seen, "outputs"> => {
  const outputs = family.outputs?.(properties);
  return outputs ? { outputs } : {};
};

/** Another name, or another host, is another thing; another way to the same host is not. */
function isReplacedBy(identity: readonly string[], property: string, old?: Plain, now?: Plain): boolean {
  if (identity.includes(property)) return true;
  if (property !== "connection") return false;
  return isUnknown(now) || hostOf(old) !== hostOf(now);
}

export function hostResource<Inputs>(family: Family<Inputs>): Resource<Placed<Inputs>> {
  return {
    type: family.type,
    derived: family.derived ?? {},
    check: request => check(family, request),
    parse: inputs => parse(family, inputs),
    replacedBy: (property, old, now) => isReplacedBy(family.identity, property, old, now),
    preview: inputs => ({ ...inputs, ...family.outputs?.(without(inputs, "connection")) }),
    async create(placed, context) {
      const made = await ensure(family, placed, context);
      return made.ok ? done({ ...made.value, id: family.id(placed.inputs) }) : made;
    },
    read: (request, context) => read(family, request, context),
    update: (old, placed, context) => ensure(family, placed, context, old.inputs),
    async delete(placed, context) {
      const site = siteOf(placed.connection, context);
      return isPassedOver(family, site) ? done(undefined) : family.remove(placed.inputs, site);
    },
    watch(all) {
      const { connection, inputs, properties } = parse(family, managed(family, all));
      const differences = (answers: Answers): readonly string[] =>
        family.needsSystem && !answers.system
          ? []
          : differencesOf(properties, family.see(inputs, answers, properties));
      return { connection, questions: family.look(inputs), differences };
    },
  };
}
