/** holdfast:host:User: a user of the host's own (/etc/passwd). */
import { USER } from "../../../sdk/shapes/user.ts";
import type { Answers, Question, UserFacts } from "../../connection/questions.ts";
import { mapOf, type PlainMap } from "../../grpc/value.ts";
import { done, trouble, type Outcome } from "../../outcome.ts";
import type { Done, Family, Seen, Site } from "../family.ts";
import {
  completeUser,
  creation,
  digestOf,
  modifications,
  parseUser,
  userNow,
  type AccountFacts,
  type UserInputs,
} from "./user-inputs.ts";
import { accountQuestion, create, modify, parseAccount, remove } from "./user-steps.ts";

interface Account {
  readonly facts: UserFacts;
  readonly account: AccountFacts;
}

const aboutUser = (name: string) => ({ about: "user", name }) as const;
const aboutGroup = (name: string) => ({ about: "group", name }) as const;

/** More than what everybody may see is asked only where it is managed: each such question is a script of its own. */
const needsAccount = ({ password, locked, createHome }: UserInputs): boolean =>
  password !== undefined || locked !== undefined || createHome === true;
const look = (inputs: UserInputs): readonly Question[] =>
  needsAccount(inputs) ? lookWhole(inputs.name) : [aboutUser(inputs.name)];
const lookWhole = (name: string): readonly Question[] => [aboutUser(name), accountQuestion(name)];

/** Undefined: there is no such user. */
function accountIn(name: string, answers: Answers): Account | undefined {
  const facts = answers.get(aboutUser(name));
  const said = answers.get(accountQuestion(name));
  return facts && { facts, account: said ? parseAccount(said) : { hasHome: true } };
}

const outputsOf = ({ facts: { uid, gid, home, shell } }: Account): PlainMap => ({ uid, gid, home, shell });

async function accountNow(name: string, { machine, signal }: Site): Promise<Outcome<Account | undefined>> {
  const answers = await machine.ask(lookWhole(name), signal);
  return answers.ok ? done(accountIn(name, answers.value)) : answers;
}

async function makeNew(inputs: UserInputs, site: Site): Promise<Outcome<string>> {
  const group = aboutGroup(inputs.name);
  const answers = await site.machine.ask([group], site.signal);
  if (!answers.ok) return answers;
  return create(site, inputs, creation(inputs, answers.value.get(group) !== undefined));
}

async function change(
  inputs: UserInputs,
  site: Site,
  { facts, account }: Account,
  old?: UserInputs,
): Promise<Outcome<string>> {
  const { password, createHome, home } = inputs;
  const words = modifications(inputs, facts, account, old);
  const isOtherPassword = password !== undefined && account.shadow?.passwordDigest !== digestOf(password);
  const isElsewhere = home !== undefined && home !== facts.home;
  const needsHome = createHome === true && (!account.hasHome || isElsewhere);
  if (words.length === 0 && !isOtherPassword && !needsHome) return done("");
  return modify(site, inputs, { words, isOtherPassword, needsHome });
}

async function ensure(inputs: UserInputs, site: Site, old: UserInputs | undefined): Promise<Outcome<Done>> {
  const before = await accountNow(inputs.name, site);
  if (!before.ok) return before;
  const made = before.value ? await change(inputs, site, before.value, old) : await makeNew(inputs, site);
  if (!made.ok) return made;
  const after = await accountNow(inputs.name, site);
  if (!after.ok) return after;
  if (after.value) return done({ outputs: outputsOf(after.value) });
  return trouble("failed", `${site.machine.name}: user ${inputs.name}: it is gone again already`);
}

async function adopt(name: string, site: Site): Promise<Outcome<Seen | undefined>> {
  const now = await accountNow(name, site);
  if (!now.ok || !now.value) return now.ok ? done(undefined) : now;
  const { uid, group, groups, home, shell, comment } = now.value.facts;
  const locked = now.value.account.shadow?.locked === true;
  const all = { name, uid, group, groups, home, shell, comment, locked };
  // An empty field of /etc/passwd is the default; the password stays where it is.
  const isSaid = (value: unknown): boolean =>
    value !== "" && value !== false && !(Array.isArray(value) && value.length === 0);
  return done({
    properties: mapOf(Object.entries(all).filter(([, value]) => isSaid(value))),
    outputs: outputsOf(now.value),
  });
}

export const user: Family<UserInputs> = {
  type: "holdfast:host:User",
  shape: USER,
  complete: completeUser,
  identity: ["name"],
  id: ({ name }) => name,
  parse: parseUser,
  needsSystem: true,
  look,
  see(inputs, answers, properties) {
    const now = accountIn(inputs.name, answers);
    if (!now) return undefined;
    return { properties: userNow(inputs, now.facts, now.account, properties), outputs: outputsOf(now) };
  },
  adopt,
  example: "deploy",
  ensure,
  remove: (inputs, site) => remove(site, inputs),
};
