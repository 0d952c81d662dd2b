/** A container's inputs, typed. */
import path from "node:path";
import { isList, isMap, isSpecial, kind, type Plain, type PlainMap } from "../../grpc/value.ts";
import { healthOf, type Health } from "../health.ts";
import { textOf } from "../placement.ts";

type Texts = Readonly<Record<string, string>>;

/** Where the image comes from. `file`: on the machine that holdfast runs on. */
export type Source =
  | { readonly from: "image"; readonly name: string; readonly pull: "missing" | "always" | "never" }
  | { readonly from: "archive"; readonly file: string; readonly digest: string }
  | {
      readonly from: "build";
      readonly folder: string;
      readonly containerfile: string;
      readonly digest: string;
      readonly args: Texts;
    };

export interface ContainerInputs {
  readonly name: string;
  readonly source: Source;
  /** Content of an auth.json; undefined: no logins. */
  readonly auth?: string;
  readonly environment: Texts;
  readonly secrets: Texts;
  readonly ports: Texts;
  readonly volumes: readonly string[];
  readonly command: readonly string[];
  readonly user?: string;
  readonly network?: string;
  readonly restart: "always" | "on-failure" | "no";
  readonly health?: Health;
  readonly podmanArgs: readonly string[];
  readonly enabled: boolean;
  readonly running: boolean;
}

/** What a drift put in the place of a map (a text that says what is wrong) has no entries. */
function textsOf(value: Plain | undefined): Texts {
  if (!isMap(value)) return {};
  return Object.fromEntries(
    Object.entries(value)
      .flatMap(([key, one]) => (typeof one === "string" ? [[key, one] as const] : []))
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );
}
const listOf = (value: Plain | undefined): readonly string[] =>
  value !== undefined && isList(value) ? value.filter(one => typeof one === "string") : [];
const fileOf = (value: Plain | undefined): string =>
  value !== undefined && isSpecial(value) && value[kind] === "asset" ? (value.path ?? "") : "";

function sourceOf(properties: PlainMap): Source {
  const { archive, build, pull } = properties;
  if (isMap(build)) {
    const folder = path.dirname(fileOf(build["file"]));
    const [digest, containerfile] = [textOf(build, "digest") ?? "", textOf(build, "containerfile") ?? ""];
    return { from: "build", folder, containerfile, digest, args: textsOf(build["args"]) };
  }
  if (isMap(archive))
    return { from: "archive", file: fileOf(archive["file"]), digest: textOf(archive, "digest") ?? "" };
  const policy = pull === "always" || pull === "never" ? pull : "missing";
  return { from: "image", name: textOf(properties, "image") ?? "", pull: policy };
}

/** As `podman login` would have written it. */
function authOf(logins: Plain | undefined): string | undefined {
  if (!isMap(logins) || Object.keys(logins).length === 0) return undefined;
  const entry = (login: Plain): { readonly auth: string } => {
    const { username, password } = textsOf(login);
    return { auth: Buffer.from(`${username}:${password}`).toString("base64") };
  };
  const auths = Object.entries(logins).map(([registry, login]) => [registry, entry(login)] as const);
  return JSON.stringify({ auths: Object.fromEntries(auths) });
}

export function parseContainer(properties: PlainMap): ContainerInputs {
  const name = textOf(properties, "name");
  if (name === undefined) throw new TypeError("inputs without a name");
  const { restart } = properties;
  const [user, network] = [textOf(properties, "user"), textOf(properties, "network")];
  const [auth, health] = [authOf(properties["logins"]), healthOf(properties["health"])];
  return {
    name,
    source: sourceOf(properties),
    ...(auth !== undefined && { auth }),
    environment: textsOf(properties["environment"]),
    secrets: textsOf(properties["secrets"]),
    ports: textsOf(properties["ports"]),
    volumes: listOf(properties["volumes"]),
    command: listOf(properties["command"]),
    ...(user !== undefined && { user }),
    ...(network !== undefined && { network }),
    restart: restart === "on-failure" || restart === "no" ? restart : "always",
    ...(health && { health }),
    podmanArgs: listOf(properties["podmanArgs"]),
    enabled: properties["enabled"] !== false,
    running: properties["running"] !== false,
  };
}

/** What is recorded of where the image of a container came from: one line. */
export function sourceText(source: Source): string {
  switch (source.from) {
    case "image":
      return `image ${source.name}`;
    case "archive":
      return `archive ${source.digest}`;
    case "build": {
      // The engine keeps keys in order; another order is another text, and a build that comes out the same.
      return `build ${source.digest} ${source.containerfile} ${JSON.stringify(source.args)}`;
    }
  }
}
