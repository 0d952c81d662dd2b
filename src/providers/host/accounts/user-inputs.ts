/** A user as the program wants it, and what is to be changed about the one that is there. Pure. */
import { createHash } from "node:crypto";
import type { UserFacts } from "../../connection/questions.ts";
import { word } from "../../connection/shell-loop.ts";
import type { Plain, PlainMap } from "../../grpc/value.ts";
import type { Checked, CheckRequest } from "../../resource.ts";
import { textOf } from "../placement.ts";

export interface UserInputs {
  readonly name: string;
  readonly uid?: number;
  readonly group?: string;
  readonly groups?: readonly string[];
  readonly keepOtherGroups: boolean;
  readonly home?: string;
  readonly createHome?: boolean;
  readonly shell?: string;
  readonly comment?: string;
  readonly system: boolean;
  readonly password?: string;
  readonly locked?: boolean;
  readonly removeHome: boolean;
  readonly endProcesses: boolean;
}

/** What is asked besides of a user (user-look.ts). */
export interface AccountFacts {
  /** Whether the home folder is there. */
  readonly hasHome: boolean;
  /** Undefined: the login may not see it. */
  readonly shadow?: { readonly passwordDigest: string; readonly locked: boolean };
}

const TEXTS = ["group", "home", "shell", "comment", "password"] as const;
const CHOICES = ["createHome", "locked"] as const;

const isText = (value: Plain): value is string => typeof value === "string";
const isList = (value: Plain | undefined): value is readonly Plain[] => Array.isArray(value);

export function parseUser(properties: PlainMap): UserInputs {
  const name = textOf(properties, "name");
  if (name === undefined) throw new TypeError("inputs without a name");
  const { uid, groups } = properties;
  const texts = TEXTS.flatMap(key => {
    const value = textOf(properties, key);
    return value === undefined ? [] : [[key, value] as const];
  });
  const choices = CHOICES.flatMap(key => {
    const value = properties[key];
    return typeof value === "boolean" ? [[key, value] as const] : [];
  });
  const yes = (key: string): boolean => properties[key] === true;
  return {
    name,
    keepOtherGroups: yes("keepOtherGroups"),
    system: yes("system"),
    removeHome: yes("removeHome"),
    endProcesses: yes("endProcesses"),
    ...(typeof uid === "number" && { uid }),
    ...(isList(groups) && { groups: groups.filter(isText) }),
    ...Object.fromEntries(texts),
    ...Object.fromEntries(choices),
  };
}

/** Groups have no order: sorted, each once. */
export function completeUser({ inputs }: CheckRequest): Checked {
  const { groups } = inputs;
  const problem =
    inputs["keepOtherGroups"] !== undefined && groups === undefined
      ? [{ property: "keepOtherGroups", reason: "says something about groups, which are not given" }]
      : [];
  if (!isList(groups) || !groups.every(isText)) return { inputs, problems: problem };
  return { inputs: { ...inputs, groups: [...new Set(groups)].toSorted() }, problems: problem };
}

export const digestOf = (password: string): string => createHash("sha256").update(password).digest("hex");

/** In the notation, name or number, that the inputs use. */
const groupNow = (given: string, { group, gid }: UserFacts): string =>
  /^\d+$/.test(given) ? String(gid) : group;

function groupsNow({ groups = [], keepOtherGroups }: UserInputs, facts: UserFacts): readonly string[] {
  return keepOtherGroups ? groups.filter(one => facts.groups.includes(one)) : facts.groups;
}

const UNSEEN = "[only root may see it]";

function shadowNow({ password, locked }: UserInputs, { shadow }: AccountFacts): PlainMap {
  const sameOr = (wanted: string): string => {
    if (!shadow) return UNSEEN;
    return shadow.passwordDigest === digestOf(wanted) ? wanted : "[another password]";
  };
  return {
    ...(password !== undefined && { password: sameOr(password) }),
    ...(locked !== undefined && { locked: shadow ? shadow.locked : UNSEEN }),
  };
}

/** The managed properties as they are now. */
export function userNow(
  inputs: UserInputs,
  facts: UserFacts,
  account: AccountFacts,
  properties: PlainMap,
): PlainMap {
  const { uid, group, groups, home, createHome, shell, comment } = inputs;
  return {
    ...properties,
    ...(uid !== undefined && { uid: facts.uid }),
    ...(group !== undefined && { group: groupNow(group, facts) }),
    ...(groups !== undefined && { groups: groupsNow(inputs, facts) }),
    ...(home !== undefined && { home: facts.home }),
    // Where none is wanted, one that is there is not in the way.
    ...(createHome === true && { createHome: account.hasHome }),
    ...(shell !== undefined && { shell: facts.shell }),
    ...(comment !== undefined && { comment: facts.comment }),
    ...shadowNow(inputs, account),
  };
}

/** Groups that it is to be a member of in the end; what the program does not name any more goes. */
export function groupsToBe(
  inputs: UserInputs,
  facts: UserFacts,
  old: UserInputs | undefined,
): readonly string[] {
  const { groups = [], keepOtherGroups } = inputs;
  if (!keepOtherGroups) return groups;
  const dropped = (old?.groups ?? []).filter(one => !groups.includes(one));
  return [...new Set([...facts.groups.filter(one => !dropped.includes(one)), ...groups])].toSorted();
}

const sameLists = (one: readonly string[], other: readonly string[]): boolean =>
  one.length === other.length && one.every((item, index) => item === other[index]);

/** Words for usermod; empty: nothing is to be changed. */
export function modifications(
  inputs: UserInputs,
  facts: UserFacts,
  account: AccountFacts,
  old: UserInputs | undefined,
): readonly string[] {
  const { uid, group, groups, home, shell, comment, locked } = inputs;
  const change = (option: string, wanted: string | undefined, now: string): readonly string[] =>
    wanted === undefined || wanted === now ? [] : [`${option} ${word(wanted)}`];
  const toBe = groups === undefined ? facts.groups : groupsToBe(inputs, facts, old);
  return [
    ...change("-u", uid === undefined ? undefined : String(uid), String(facts.uid)),
    ...change("-g", group, group === undefined ? "" : groupNow(group, facts)),
    ...(sameLists(toBe, facts.groups) ? [] : [`-G ${word(toBe.join(","))}`]),
    ...change("-d", home, facts.home),
    ...change("-s", shell, facts.shell),
    ...change("-c", comment, facts.comment),
    // An expired account is refused by everything that lets somebody in; `usermod -L` would leave keys.
    ...(locked === undefined || locked === account.shadow?.locked ? [] : [`-e '${locked ? "1" : ""}'`]),
  ];
}

/** Words for useradd. `hasOwnGroup`: there is a group of its name. */
export function creation(inputs: UserInputs, hasOwnGroup: boolean): readonly string[] {
  const { name, uid, group, groups, home, createHome, shell, comment, system, locked } = inputs;
  const option = (letter: string, value: string | number | undefined): readonly string[] =>
    value === undefined ? [] : [`${letter} ${word(String(value))}`];
  return [
    system ? "--system" : "",
    (createHome ?? !system) ? "-m" : "-M",
    ...option("-u", uid),
    ...option("-g", group ?? (hasOwnGroup ? name : undefined)),
    group === undefined && !hasOwnGroup ? "-U" : "",
    ...(groups === undefined || groups.length === 0 ? [] : [`-G ${word(groups.join(","))}`]),
    ...option("-d", home),
    ...option("-s", shell),
    ...option("-c", comment),
    locked === true ? "-e 1" : "",
  ].filter(text => text !== "");
}
