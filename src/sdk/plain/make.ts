/** A layout as resources: files first, then what runs with them, then what is done because of them. */
import path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import {
  Container,
  Directory,
  File,
  Handler,
  Host,
  Symlink,
  SystemdUnit,
  type Connection,
  type ContainerArgs,
} from "../host.ts";
import { SecretText, type PlannedContainer } from "./containers.ts";
import type { Text } from "./contents.ts";
import type { Layout, PlannedFile } from "./layout.ts";
import type { Deed } from "./path-rules.ts";
import type { PlannedUnit } from "./units.ts";

export interface HostSettings {
  /** Absolute folder of the checkout. */
  readonly root: string;
  readonly stack: string;
  readonly connection: Connection;
  readonly sudo: boolean;
}

const input = ({ text, secret }: Text): pulumi.Input<string> => (secret ? pulumi.secret(text) : text);

function makeFile(host: Host, { source: _source, content, ...place }: PlannedFile): File {
  const given = "text" in content ? { content: input(content) } : { contentBase64: content.base64 };
  return new File(place.path, { host, ...place, ...given });
}

/** Deeds for this unit become its own: one start, restart or reload for its files and for those. */
const triggersOf = (deeds: readonly Deed[], key: "reload" | "restart", name: string, files: Files): File[] =>
  deeds
    .filter(({ deed, check }) => deed[key] === name && check === undefined)
    .flatMap(({ after }) => after.flatMap(at => files.get(at) ?? []));

type Files = ReadonlyMap<string, File>;

/** Whether the unit itself takes the deed up. */
const isTakenUp =
  (units: readonly PlannedUnit[]) =>
  ({ deed, check }: Deed): boolean =>
    check === undefined &&
    units.some(({ name, running }) => running === true && (deed.reload ?? deed.restart) === name);

function makeUnit(
  host: Host,
  unit: PlannedUnit,
  { deeds, files, ready }: { deeds: readonly Deed[]; files: Files; ready: pulumi.Resource[] },
): SystemdUnit {
  const { source: _source, content, dropIns, ...rest } = unit;
  const own = unit.running === true ? deeds : [];
  const restartOn = triggersOf(own, "restart", unit.name, files);
  const reloadOn = triggersOf(own, "reload", unit.name, files);
  const texts = Object.entries(dropIns).map(([file, text]) => [file, input(text)] as const);
  return new SystemdUnit(
    unit.name,
    {
      host,
      ...rest,
      ...(content ? { content: input(content) } : {}),
      ...(texts.length > 0 ? { dropIns: Object.fromEntries(texts) } : {}),
      ...(restartOn.length > 0 ? { restartOn } : {}),
      ...(reloadOn.length > 0 ? { reloadOn } : {}),
    },
    { dependsOn: ready },
  );
}

/** Secrets as Pulumi's, at any depth. */
function secrets(value: unknown): unknown {
  if (value instanceof SecretText) return pulumi.secret(value.text);
  if (Array.isArray(value)) return value.map(secrets);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, secrets(item)]));
}

const below = (root: string, given: unknown): unknown => {
  if (typeof given === "string") return path.join(root, given);
  if (typeof given !== "object" || given === null || !("folder" in given)) return given;
  return { ...given, folder: below(root, given.folder) };
};

function makeContainer(
  host: Host,
  root: string,
  { name, args }: PlannedContainer,
  dependsOn: pulumi.Resource[],
) {
  const { build, archive, ...rest } = secrets(args) as Record<string, unknown>;
  const given = {
    host,
    ...rest,
    ...(build === undefined ? {} : { build: below(root, build) }),
    ...(archive === undefined ? {} : { archive: below(root, archive) }),
  };
  // Checked where it was read.
  return new Container(name, given as ContainerArgs, { dependsOn });
}

export function makeHost({ root, stack, connection, sudo }: HostSettings, layout: Layout): void {
  const host = new Host(stack, { connection, sudo });
  // Those above come first: what lies in them waits for them.
  const folders = layout.folders.map(folder => new Directory(folder.path, { host, ...folder }));
  const files: Files = new Map(layout.files.map(file => [file.path, makeFile(host, file)]));
  const links = layout.links.map(link => new Symlink(link.path, { host, ...link }));
  // A unit may work in a folder that is kept empty, and start what a link leads to.
  const ready = [...folders, ...files.values(), ...links];
  const units = layout.units.map(unit => makeUnit(host, unit, { deeds: layout.deeds, files, ready }));
  const containers = layout.containers.map(one => makeContainer(host, root, one, ready));
  const dependsOn = [...ready, ...units, ...containers];
  const mine = isTakenUp(layout.units);
  for (const { name, deed, check, after } of layout.deeds.filter(one => !mine(one))) {
    const when = after.flatMap(at => files.get(at) ?? []);
    new Handler(name, { host, when, ...deed, ...(check === undefined ? {} : { check }) }, { dependsOn });
  }
}
