/** Lines of authorized_keys are read as sshd reads them, and all but one's own stay byte for byte. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  allLines,
  fingerprintOf,
  linesOfKey,
  parseLine,
  splitOptions,
  withLine,
  withoutKey,
} from "../../../../../src/providers/host/accounts/authorized-keys-text.ts";

const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJEoOxq7/InoAumcpnssK1jyVkDYzYUh7xDpCLex60kH";
const OTHER = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQC7";

test("options, key and comment of a line", () => {
  assert.deepEqual(parseLine(KEY), { options: "", key: KEY, comment: "" });
  assert.deepEqual(parseLine(`  ${KEY}\tme at home \r`), { options: "", key: KEY, comment: "me at home" });
  assert.deepEqual(parseLine(`no-pty,command="echo \\"a b\\" ssh-rsa AAAA" ${KEY} c`), {
    options: 'no-pty,command="echo \\"a b\\" ssh-rsa AAAA"',
    key: KEY,
    comment: "c",
  });
  assert.deepEqual(parseLine(`sk-ssh-ed25519@openssh.com AAAAGnNr stick`), {
    options: "",
    key: "sk-ssh-ed25519@openssh.com AAAAGnNr",
    comment: "stick",
  });
});

test("what is no line of a key", () => {
  for (const line of [
    "",
    " ",
    `# ${KEY}`,
    `#${KEY}`,
    "garbage",
    'command="open ' + KEY,
    "ssh-ed25519",
    "no-pty ",
  ])
    assert.equal(parseLine(line), undefined, line);
});

test("options are split at commas outside of quotes", () => {
  assert.deepEqual(splitOptions('no-pty,from="10.0.0.0/8,*.example.org",command="say \\"a,b\\""'), [
    "no-pty",
    'from="10.0.0.0/8,*.example.org"',
    'command="say \\"a,b\\""',
  ]);
  assert.deepEqual(splitOptions(""), []);
});

test("a line is added at the end, also where the last one has no end", () => {
  const line = { options: "", key: KEY, comment: "" };
  assert.equal(withLine("", line), `${KEY}\n`);
  assert.equal(withLine(`${OTHER}\n`, line), `${OTHER}\n${KEY}\n`);
  assert.equal(withLine(OTHER, line), `${OTHER}\n${KEY}\n`);
});

test("a line takes the place of the first one of its key, and is the only one", () => {
  const line = { options: "restrict", key: KEY, comment: "new" };
  const before = `# head\n${KEY} one\n\n${OTHER} \xfc\r\nno-pty ${KEY} two\n# ${KEY}\nend`;
  const after = `# head\nrestrict ${KEY} new\n\n${OTHER} \xfc\r\n# ${KEY}\nend`;
  assert.equal(withLine(before, line), after);
  assert.equal(withLine(after, line), after);
  assert.equal(withoutKey(before, KEY), `# head\n\n${OTHER} \xfc\r\n# ${KEY}\nend`);
  assert.equal(withoutKey(`${KEY}\n`, KEY), "");
  assert.equal(withoutKey(before, "ssh-rsa AAAA"), before, "the beginning of a key is another key");
  assert.deepEqual(
    linesOfKey(before, KEY).map(({ comment }) => comment),
    ["one", "two"],
  );
  assert.equal(allLines(before).length, 3);
});

test("a fingerprint is the one that ssh-keygen shows", () => {
  assert.equal(
    fingerprintOf("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJEoOxq7/InoAumcpnssK1jyVkDYzYUh7xDpCLex60kH").length,
    50,
  );
  assert.match(fingerprintOf(KEY), /^SHA256:[A-Za-z0-9+/]{43}$/);
});
