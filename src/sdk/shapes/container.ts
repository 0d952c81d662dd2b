/** Properties of a container, as they reach the provider. */
import { health } from "./health.ts";
import {
  flaw,
  line,
  listOf,
  mapOf,
  object,
  oneOf,
  optional,
  required,
  text,
  yesOrNo,
  type Flaw,
  type Rule,
  type Shape,
} from "./shape.ts";

/** Names a container, its unit and its folders; no dots, so that it never reads as a unit's suffix. */
export const containerName = text({
  pattern: /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/,
  what: 'a name of letters, digits, "-" and "_", at most 63 of them',
});

const image = text({
  pattern: /^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,499}$/,
  what: 'an image, for example "registry.example.org/app:1.4.2"',
});

/** A file on the machine that holdfast runs on: an asset, so that another place of the same file is no change. */
const located: Rule = value =>
  typeof value === "object" && value !== null && "path" in value && typeof value.path === "string"
    ? []
    : flaw("must be a file");

const sum = text({ pattern: /^[0-9a-f]{64}$/, what: "a SHA-256 in hex" });

/** podman reads a line of an environment file up to 64 KiB, and says nothing of longer ones. */
const MOST_VALUE = 32 * 1024;
const environmentName = text({
  pattern: /^[A-Za-z_][A-Za-z0-9_.-]*$/,
  what: "a name of letters, digits and _",
  most: 200,
});
const environmentValue: Rule = value => {
  if (typeof value !== "string" || value.includes("\0")) return flaw("must be a text");
  return new TextEncoder().encode(value).length <= MOST_VALUE
    ? []
    : flaw(`is longer than ${MOST_VALUE} bytes; secrets may be longer`);
};

const secretName = text({
  pattern: /^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/,
  what: 'a name for a file in /run/secrets: letters, digits, ".", "-" and "_"',
});

const ADDRESS = String.raw`(\d{1,3}(\.\d{1,3}){3}|\[[0-9A-Fa-f:.]+\])`;
const PORT = new RegExp(`^((${ADDRESS}:)?\\d{1,5}:)\\d{1,5}(/(tcp|udp))?$`);
const PORTS_WANTED = 'must be "HOSTPORT:PORT" or "ADDRESS:HOSTPORT:PORT", for example "127.0.0.1:8080:80"';

const port: Rule = value => {
  if (typeof value !== "string" || !PORT.test(value)) return flaw(PORTS_WANTED);
  const numbers = value
    .replace(/\/(tcp|udp)$/, "")
    .split(":")
    .slice(-2)
    .map(Number);
  return numbers.every(one => one >= 1 && one <= 65_535)
    ? []
    : flaw("must hold port numbers from 1 to 65535");
};
const portName = text({ pattern: /^[A-Za-z_][A-Za-z0-9_]{0,62}$/, what: "a name of letters, digits and _" });

const volume = text({
  pattern: /^(\/[^:,\0\n\r]*|[A-Za-z0-9][A-Za-z0-9_.-]*):\/[^:,\0\n\r]+(:[A-Za-z][A-Za-z,=0-9-]*)?$/,
  what: '"/FOLDER/OF/THE/HOST:/FOLDER" or "NAME:/FOLDER", with ":ro" where it is only read',
});

const word = text({ pattern: /[^]/, what: "a text that is not empty" });

/** They would take away what the unit builds on. */
const OURS =
  /^--(name|rm|replace|detach|sdnotify|cgroups|cidfile|env-file|label|log-driver|restart|pod|tty)\b/;
const podmanArgument: Rule = value => {
  if (typeof value !== "string" || !/^--[a-z][a-z0-9-]*(=[^\0\n\r]*)?$/.test(value))
    return flaw('must be one option with its value, for example "--memory=512m"');
  return OURS.test(value) ? flaw(`holds ${value.split("=")[0]}, which holdfast itself sets`) : [];
};

const login = object({
  username: required(line(), "the user's name"),
  password: required(text({ what: "a text" }), "the password"),
});

/**
 * Digests come from the program, which read what they are of: a path alone would have the provider send whatever file
 * it can read.
 */
const archive = object({
  file: required(located, "the archive"),
  digest: required(sum, "the digest of the archive"),
});

/** How it is built; the digest is of all files in the folder. */
const build = object({
  // Its path says where the folder is, for as long as a program runs: a state has the file's checksum only.
  file: required(located, "the Containerfile"),
  containerfile: required(text({ pattern: /^[^/]+$/ }), "the Containerfile's name"),
  digest: required(sum, "the digest of the folder"),
  args: optional(mapOf(environmentName, text())),
});

export const CONTAINER: Shape = {
  name: required(containerName, "the container's name"),
  image: optional(image),
  archive: optional(archive),
  build: optional(build),
  pull: optional(oneOf("missing", "always", "never")),
  logins: optional(
    mapOf(text({ pattern: /^[A-Za-z0-9.-]+(:\d+)?$/, what: "a registry's host name" }), login),
  ),
  environment: optional(mapOf(environmentName, environmentValue)),
  secrets: optional(mapOf(secretName, text({ most: 1_000_000 }))),
  ports: optional(mapOf(portName, port)),
  volumes: optional(listOf(volume)),
  command: optional(listOf(word, "a list of texts: the program and its arguments")),
  user: optional(
    text({ pattern: /^[A-Za-z0-9_][A-Za-z0-9_.-]*(:[A-Za-z0-9_.-]+)?$/, what: "USER or USER:GROUP" }),
  ),
  network: optional(
    text({
      pattern: /^[A-Za-z0-9][A-Za-z0-9_.:=,-]*$/,
      what: '"bridge", "host", "none" or a network of podman',
    }),
  ),
  restart: optional(oneOf("always", "on-failure", "no")),
  health: optional(health),
  podmanArgs: optional(listOf(podmanArgument)),
  enabled: optional(yesOrNo),
  running: optional(yesOrNo),
};

const SOURCES = ["image", "archive", "build"] as const;

/** Of these one is given: where the image comes from. */
export function sourceFlaws(given: Readonly<Record<string, unknown>>): readonly Flaw[] {
  const [first, second] = SOURCES.filter(key => given[key] !== undefined && given[key] !== null);
  if (first === undefined) return flaw("missing: give image, archive or build", "image");
  return second === undefined ? [] : flaw(`and ${first} are both given; one of them is enough`, second);
}
