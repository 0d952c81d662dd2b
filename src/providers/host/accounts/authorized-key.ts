/** holdfast:host:AuthorizedKey: a line of a user's ~/.ssh/authorized_keys. Other lines stay as they are. */
import { AUTHORIZED_KEY } from "../../../sdk/shapes/authorized-key.ts";
import type { Plain, PlainMap } from "../../grpc/value.ts";
import { done, trouble, type Outcome } from "../../outcome.ts";
import type { Checked, CheckRequest } from "../../resource.ts";
import { changeKeys, isNoUser, keysQuestion, readKeys } from "./authorized-keys-file.ts";
import {
  allLines,
  fingerprintOf,
  linesOfKey,
  splitOptions,
  withLine,
  withoutKey,
  type KeyLine,
} from "./authorized-keys-text.ts";
import type { Done, Family, Seen, Site } from "../family.ts";
import { textOf } from "../placement.ts";

interface KeyInputs {
  readonly user: string;
  /** Type and blob. */
  readonly key: string;
  readonly options: readonly string[];
  /** Undefined: left as it is. */
  readonly comment?: string;
}

const isText = (value: Plain): value is string => typeof value === "string";

function parse(properties: PlainMap): KeyInputs {
  const user = textOf(properties, "user");
  const key = textOf(properties, "key");
  if (user === undefined || key === undefined) throw new TypeError("inputs without a user or a key");
  const { options } = properties;
  const comment = textOf(properties, "comment");
  return {
    user,
    key,
    options: Array.isArray(options) ? (options as readonly Plain[]).filter(isText) : [],
    ...(comment !== undefined && { comment }),
  };
}

/** The comment that follows a key in its file becomes the comment, unless there is one. */
function complete({ inputs }: CheckRequest): Checked {
  const key = textOf(inputs, "key");
  if (key === undefined) return { inputs, problems: [] };
  const [type = "", blob = "", ...rest] = key.trim().split(/[ \t]+/);
  const comment = inputs["comment"] ?? (rest.length > 0 ? rest.join(" ") : undefined);
  const completed = { ...inputs, key: `${type} ${blob}`, ...(comment !== undefined && { comment }) };
  return { inputs: completed, problems: [] };
}

/** A file's bytes are characters here; what a program says is UTF-8. */
const toBytes = (text: string): string => Buffer.from(text, "utf8").toString("latin1");
const toText = (bytes: string): string => Buffer.from(bytes, "latin1").toString("utf8");

const isAsWanted = ({ options, comment }: KeyInputs, line: KeyLine): boolean =>
  line.options === toBytes(options.join(",")) && (comment === undefined || line.comment === toBytes(comment));

/** Undefined: the key is not there. Of several lines with the key, one that differs counts. */
function seenIn(inputs: KeyInputs, bytes: string, properties: PlainMap): Seen | undefined {
  const lines = linesOfKey(bytes, inputs.key);
  const line = lines.find(one => !isAsWanted(inputs, one)) ?? lines[0];
  if (!line) return undefined;
  const outputs = { fingerprint: fingerprintOf(inputs.key) };
  if (isAsWanted(inputs, line)) return { properties, outputs };
  const hasOptions = line.options !== "" || properties["options"] !== undefined;
  return {
    properties: {
      ...properties,
      ...(hasOptions && { options: splitOptions(toText(line.options)) }),
      ...(inputs.comment !== undefined && { comment: toText(line.comment) }),
    },
    outputs,
  };
}

function withKey(inputs: KeyInputs, bytes: string): string {
  const lines = linesOfKey(bytes, inputs.key);
  if (lines.length > 0 && lines.every(line => isAsWanted(inputs, line))) return bytes;
  const comment = inputs.comment === undefined ? (lines[0]?.comment ?? "") : toBytes(inputs.comment);
  return withLine(bytes, { key: inputs.key, options: toBytes(inputs.options.join(",")), comment });
}

async function ensure(inputs: KeyInputs, site: Site): Promise<Outcome<Done>> {
  const changed = await changeKeys(site, inputs.user, bytes => withKey(inputs, bytes));
  if (!changed.ok) return changed;
  if (!changed.value)
    return trouble("failed", `${site.machine.name}: keys of ${inputs.user}: there is no user ${inputs.user}`);
  return done({});
}

/** `deploy:SHA256:…` */
async function adopt(name: string, site: Site): Promise<Outcome<Seen | undefined>> {
  const [user = "", ...rest] = name.split(":");
  const bytes = await readKeys(site, user);
  if (!bytes.ok) return bytes;
  const line = allLines(bytes.value ?? "").find(({ key }) => fingerprintOf(key) === rest.join(":"));
  if (!line) return done(undefined);
  const { key, comment } = line;
  const options = splitOptions(toText(line.options));
  return done({
    properties: {
      user,
      key,
      ...(options.length > 0 && { options }),
      ...(comment !== "" && { comment: toText(comment) }),
    },
    outputs: { fingerprint: fingerprintOf(key) },
  });
}

export const authorizedKey: Family<KeyInputs> = {
  type: "holdfast:host:AuthorizedKey",
  shape: AUTHORIZED_KEY,
  complete,
  identity: ["user", "key"],
  id: ({ user, key }) => `${user}:${fingerprintOf(key)}`,
  parse,
  needsSystem: true,
  look: ({ user }) => [keysQuestion(user)],
  see(inputs, answers, properties) {
    const said = answers.get(keysQuestion(inputs.user));
    if (!said || isNoUser(said.code)) return undefined;
    // What went wrong instead is told by `read`.
    if (said.code !== 0) return { properties: { ...properties, key: "[cannot be read]" } };
    return seenIn(inputs, toBytes(said.output), properties);
  },
  async read(inputs, site, properties) {
    const bytes = await readKeys(site, inputs.user);
    return bytes.ok ? done(seenIn(inputs, bytes.value ?? "", properties)) : bytes;
  },
  adopt,
  example: "deploy:SHA256:…",
  ensure,
  async remove({ user, key }, site) {
    const changed = await changeKeys(site, user, bytes => withoutKey(bytes, key));
    return changed.ok ? done(undefined) : changed;
  },
  outputs(properties): PlainMap {
    const key = textOf(properties, "key");
    return key === undefined ? {} : { fingerprint: fingerprintOf(key) };
  },
};
