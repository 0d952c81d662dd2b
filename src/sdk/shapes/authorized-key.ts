/** Properties of a key that may log in, as they reach the provider. */
import { ownName } from "./names.ts";
import { flaw, listOf, optional, required, text, type Rule, type Shape } from "./shape.ts";

const TYPES = [
  "ssh-ed25519",
  "ssh-rsa",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "sk-ssh-ed25519@openssh.com",
  "sk-ecdsa-sha2-nistp256@openssh.com",
];

/** A blob begins with its type: its length in four bytes, then its name. */
function isOfType(type: string, blob: string): boolean {
  if (blob.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(blob)) return false;
  const bytes = atob(blob);
  const length = type.length;
  return bytes.startsWith(`\0\0\0${String.fromCharCode(length)}${type}`) && bytes.length > length + 4;
}

/** As it stands in a `.pub` file. */
const publicKey: Rule = value => {
  if (typeof value !== "string") return flaw("must be a text, as it stands in a .pub file");
  if (value.includes("PRIVATE KEY")) return flaw("is a private key; the public one belongs here");
  const [type = "", blob = ""] = value.trim().split(/[ \t]+/);
  if (/[\n\r]/.test(value.trim())) return flaw("must be a single key on a single line");
  if (!TYPES.includes(type))
    return flaw(`must begin with one of ${TYPES.join(", ")}; options go into options`);
  return isOfType(type, blob) ? [] : flaw(`must be a whole public key: "${type} AAAA…"`);
};

const FLAGS = [
  "agent-forwarding",
  "cert-authority",
  "no-agent-forwarding",
  "no-port-forwarding",
  "no-pty",
  "no-touch-required",
  "no-user-rc",
  "no-x11-forwarding",
  "port-forwarding",
  "pty",
  "restrict",
  "user-rc",
  "verify-required",
  "x11-forwarding",
];
const WITH_VALUE = [
  "command",
  "environment",
  "expiry-time",
  "from",
  "permitlisten",
  "permitopen",
  "principals",
  "tunnel",
];

/** One of authorized_keys(5): sshd would let nobody in with a line of others. */
const option: Rule = value => {
  const [, name = "", rest = ""] =
    /^([A-Za-z0-9-]+)(|="(?:[^"\\\n\r]|\\"|\\(?!"))*")$/.exec(typeof value === "string" ? value : "") ?? [];
  const known = (rest === "" ? FLAGS : WITH_VALUE).includes(name.toLowerCase());
  if (known) return [];
  return flaw(
    `must be an option of authorized_keys, such as "no-pty" or 'from="10.0.0.0/8"'; known are ${[...FLAGS, ...WITH_VALUE.map(one => `${one}="…"`)].join(", ")}`,
  );
};

export const AUTHORIZED_KEY: Shape = {
  user: required(ownName, "the name of the user who may log in with it"),
  key: required(publicKey, "the public key"),
  options: optional(listOf(option, "a list of options")),
  comment: optional(text({ pattern: /^[^\n\r]*$/, what: "a single line of text", most: 500 })),
};
