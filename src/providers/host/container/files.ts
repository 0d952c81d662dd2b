/** The files of a container on its host, and how they are known again. Pure. */
import { createHash } from "node:crypto";
import { environmentLine } from "../services/systemd-text.ts";
import { configFolder, environmentOf } from "./arguments.ts";
import type { ContainerInputs } from "./inputs.ts";
import { unitPath, unitText, type Form } from "./units.ts";

export interface ContainerFile {
  readonly path: string;
  readonly content: Buffer;
  readonly mode: number;
  /** The property that its content comes from; `unit`: from most of them. */
  readonly of: "unit" | "environment" | "secrets";
}

export const sha256 = (content: Buffer | string): string =>
  createHash("sha256").update(content).digest("hex");

const ROOT_ONLY = 0o600;
/** The folder is root's; whoever the container runs as may read them inside. */
const SECRET = 0o444;

function environmentFiles(inputs: ContainerInputs): readonly ContainerFile[] {
  const folder = configFolder(inputs.name);
  const { lines, blocks } = environmentOf(inputs);
  const file = (name: string, text: string): readonly ContainerFile[] =>
    text === ""
      ? []
      : [{ path: `${folder}/${name}`, content: Buffer.from(text), mode: ROOT_ONLY, of: "environment" }];
  return [
    ...file("environment", lines.map(([key, value]) => `${key}=${value}\n`).join("")),
    ...file("environment.blocks", blocks.map(([key, value]) => environmentLine(key, value)).join("")),
  ];
}

/** Beside what starts it. */
export function settingsFiles(inputs: ContainerInputs): readonly ContainerFile[] {
  const secrets = Object.entries(inputs.secrets).map(([key, value]): ContainerFile => {
    const path = `${configFolder(inputs.name)}/secrets/${key}`;
    return { path, content: Buffer.from(value), mode: SECRET, of: "secrets" };
  });
  return [...environmentFiles(inputs), ...secrets];
}

/** What starts it comes first. */
export function filesOf(inputs: ContainerInputs, form: Form, image: string): readonly ContainerFile[] {
  const content = Buffer.from(unitText(inputs, form, image));
  return [{ path: unitPath(inputs.name, form), content, mode: 0o644, of: "unit" }, ...settingsFiles(inputs)];
}

/** Is kept on the host where only root reads it: it would give short secrets away to whoever can guess. */
export const digestOf = (files: readonly ContainerFile[]): string =>
  sha256(files.map(({ path, content, mode }) => `${mode} ${sha256(content)} ${path}\n`).join(""));
