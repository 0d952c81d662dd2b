/** A systemd unit as the program wants it, and where its files are. */
import { isTemplate } from "../../../sdk/shapes/unit.ts";
import { isMap, type Plain, type PlainMap } from "../../grpc/value.ts";
import { textOf } from "../placement.ts";
import { itemsOf, type Watch } from "./watched.ts";

/** Seconds. */
export interface Health {
  readonly within: number;
  readonly stableFor: number;
  readonly command?: string;
}

export interface UnitInputs {
  readonly name: string;
  readonly isTemplate: boolean;
  /** Undefined: a package brought it. */
  readonly content?: string;
  /** By the file's name. */
  readonly dropIns: ReadonlyMap<string, string>;
  readonly enabled?: boolean;
  readonly running?: boolean;
  readonly masked: boolean;
  readonly restart: Watch;
  readonly reload: Watch;
  readonly health: Health;
  readonly verify: boolean;
}

const FOLDER = "/etc/systemd/system";
export const unitPath = (name: string): string => `${FOLDER}/${name}`;
export const dropInFolder = (name: string): string => `${unitPath(name)}.d`;
export const dropInPath = (name: string, file: string): string => `${dropInFolder(name)}/${file}`;

/** Long enough for what ends at once, short enough to wait for. */
const HEALTH: Health = { within: 30, stableFor: 1 };

function healthOf(value: Plain | undefined): Health {
  if (!isMap(value)) return HEALTH;
  const seconds = (key: "within" | "stableFor"): number => {
    const given = value[key];
    return typeof given === "number" ? given : HEALTH[key];
  };
  const command = textOf(value, "command");
  return {
    within: seconds("within"),
    stableFor: seconds("stableFor"),
    ...(command !== undefined && { command }),
  };
}

const textsOf = (value: Plain | undefined): ReadonlyMap<string, string> =>
  new Map(
    Object.entries(isMap(value) ? value : {}).flatMap(([key, text]) =>
      typeof text === "string" ? [[key, text] as const] : [],
    ),
  );

/** The files that we write, with their content. */
export function filesOf({ name, content, dropIns }: UnitInputs): ReadonlyMap<string, string> {
  const own = content === undefined ? [] : [[unitPath(name), content] as const];
  return new Map([...own, ...[...dropIns].map(([file, text]) => [dropInPath(name, file), text] as const)]);
}

export const watchesOf = ({ restart, reload }: UnitInputs): readonly Watch[] => [restart, reload];

export function parseUnit(properties: PlainMap): UnitInputs {
  const name = textOf(properties, "name");
  if (name === undefined) throw new TypeError("inputs without a name");
  const content = textOf(properties, "content");
  const flag = (key: "enabled" | "running") => {
    const value = properties[key];
    return typeof value === "boolean" ? { [key]: value } : {};
  };
  const inputs = {
    name,
    isTemplate: isTemplate(name),
    ...(content !== undefined && { content }),
    dropIns: textsOf(properties["dropIns"]),
    ...flag("enabled"),
    ...flag("running"),
    masked: properties["masked"] === true,
    restart: { work: "restart", items: itemsOf(properties["restartOn"]) },
    reload: { work: "reload", items: itemsOf(properties["reloadOn"]) },
    health: healthOf(properties["health"]),
    verify: properties["verify"] !== false,
  };
  return { ...inputs, restart: { ...inputs.restart, paths: [...filesOf(inputs).keys()] } };
}
