/** Properties of a user, as they reach the provider. */
import { MOST_ID } from "./group.ts";
import { ownName } from "./names.ts";
import { account } from "./place.ts";
import { flaw, listOf, optional, required, text, whole, yesOrNo, type Rule, type Shape } from "./shape.ts";

/** What stands in /etc/passwd: a line, in fields that end with a colon. */
const field = (pattern: RegExp, what: string): Rule => text({ pattern, what, most: 1024 });
const absolute = field(/^\/[^:\n\r]*$/, "an absolute path without a colon");

/** As crypt(3) writes them; `!` and `*` fit no password. */
const hash: Rule = value =>
  typeof value === "string" && /^([!*]|\$[0-9a-zA-Z]+\$[^\s:]+)$/.test(value)
    ? []
    : flaw(
        'must be a hash as `openssl passwd -6` writes it ("$6$…"), or "!" for none; never a password itself',
      );

export const USER: Shape = {
  name: required(ownName, "the user's name"),
  uid: optional(whole(0, MOST_ID)),
  group: optional(account),
  groups: optional(listOf(ownName, "a list of group names")),
  keepOtherGroups: optional(yesOrNo),
  home: optional(absolute),
  createHome: optional(yesOrNo),
  shell: optional(absolute),
  comment: optional(field(/^[^:\n\r]*$/, "a single line without a colon")),
  system: optional(yesOrNo),
  password: optional(hash),
  locked: optional(yesOrNo),
  removeHome: optional(yesOrNo),
  endProcesses: optional(yesOrNo),
};
