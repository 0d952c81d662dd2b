/** What a user is compared with, and what is changed about one that is there. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { UserFacts } from "../../../../../src/providers/connection/questions.ts";
import type { PlainMap } from "../../../../../src/providers/grpc/value.ts";
import {
  completeUser,
  creation,
  digestOf,
  modifications,
  parseUser,
  userNow,
  type AccountFacts,
} from "../../../../../src/providers/host/accounts/user-inputs.ts";
import { parseAccount } from "../../../../../src/providers/host/accounts/user-steps.ts";

const facts: UserFacts = {
  uid: 1000,
  gid: 33,
  group: "www-data",
  comment: "as it is",
  home: "/home/app",
  shell: "/bin/sh",
  groups: ["adm", "sudo"],
};
const account: AccountFacts = {
  hasHome: true,
  shadow: { passwordDigest: digestOf("$6$a$b"), locked: false },
};
const of = (properties: PlainMap) => parseUser({ name: "app", ...properties });
const words = (properties: PlainMap, old?: PlainMap): readonly string[] =>
  modifications(of(properties), facts, account, old && of(old));
const now = (properties: PlainMap, there: AccountFacts = account): PlainMap =>
  userNow(of(properties), facts, there, properties);

test("nothing is changed that the program does not speak of, or that is so already", () => {
  assert.deepEqual(words({}), []);
  const same = {
    uid: 1000,
    group: "33",
    groups: ["adm", "sudo"],
    home: "/home/app",
    shell: "/bin/sh",
    comment: "as it is",
    locked: false,
  };
  assert.deepEqual(words(same), []);
  assert.deepEqual(now(same), same);
});

test("what differs is a word for usermod each; words are only words", () => {
  assert.deepEqual(
    words({
      uid: 1,
      group: "users",
      home: "/h",
      shell: "/bin/bash",
      comment: "it's $(reboot)",
      locked: true,
    }),
    ["-u '1'", "-g 'users'", "-d '/h'", "-s '/bin/bash'", "-c 'it'\\''s $(reboot)'", "-e '1'"],
  );
  assert.deepEqual(words({ comment: "" }), ["-c ''"]);
});

test("groups are exactly those named, or those besides", () => {
  assert.deepEqual(words({ groups: ["adm"] }), ["-G 'adm'"]);
  assert.deepEqual(words({ groups: [] }), ["-G ''"]);
  const kept = { keepOtherGroups: true };
  assert.deepEqual(words({ groups: ["adm"], ...kept }), []);
  assert.deepEqual(words({ groups: ["cdrom"], ...kept }), ["-G 'adm,cdrom,sudo'"]);
  assert.deepEqual(words({ groups: ["adm"], ...kept }, { groups: ["adm", "sudo"] }), ["-G 'adm'"]);
  assert.deepEqual(now({ groups: ["adm", "cdrom"], ...kept })["groups"], ["adm"]);
  assert.deepEqual(now({ groups: ["adm", "cdrom"] })["groups"], ["adm", "sudo"]);
});

test("groups are sorted and each is there once, as far as they are known", () => {
  const completed = (properties: PlainMap) => completeUser({ inputs: properties, isSecret: () => false });
  assert.deepEqual(completed({ groups: ["b", "a", "b"] }).inputs["groups"], ["a", "b"]);
  assert.deepEqual(completed({}).inputs, {});
});

test("another password is told apart without being told", () => {
  assert.equal(now({ password: "$6$a$b" })["password"], "$6$a$b");
  assert.equal(now({ password: "$6$a$c" })["password"], "[another password]");
  assert.equal(now({ password: "$6$a$b" }, { hasHome: true })["password"], "[only root may see it]");
});

test("of an account the day counts on which it expires", () => {
  const at = (expires: string): boolean | undefined =>
    parseAccount({ code: 0, output: `home\n${"a".repeat(64)}  -\n${expires}\n${86_400 * 20_000 + 1}` }).shadow
      ?.locked;
  assert.deepEqual(
    [at(""), at("1"), at("19999"), at("20000"), at("20001"), at("0")],
    [false, true, true, true, false, true],
  );
  assert.deepEqual(parseAccount({ code: 1, output: "none" }), { hasHome: false });
});

test("a new user gets a home unless it is for services, and its own group unless there is one", () => {
  assert.deepEqual(creation(of({}), false), ["-m", "-U"]);
  assert.deepEqual(creation(of({}), true), ["-m", "-g 'app'"]);
  assert.deepEqual(creation(of({ system: true, group: "users", groups: ["a", "b"] }), true), [
    "--system",
    "-M",
    "-g 'users'",
    "-G 'a,b'",
  ]);
  assert.deepEqual(creation(of({ system: true, createHome: true }), false), ["--system", "-m", "-U"]);
});
