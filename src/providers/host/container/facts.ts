/** What is asked of a host about a container, and the answers taken apart. */
import type { Answers, Question, UnitFacts } from "../../connection/questions.ts";
import { word } from "../../connection/shell-loop.ts";
import { LABEL } from "./arguments.ts";
import { settingsFiles } from "./files.ts";
import type { ContainerInputs } from "./inputs.ts";
import { unitName, unitPath, type Form } from "./units.ts";

export const stateFolder = (name: string): string => `/var/lib/holdfast/containers/${name}`;

/** What the last deployment that became healthy left behind, where only root reads it. */
export interface ContainerRecord {
  /** Of all files. */
  readonly digest: string;
  readonly form: Form;
  /** Id and manifest digest of the image. */
  readonly image: string;
  readonly imageDigest: string;
  /** `sourceText`. */
  readonly source: string;
  /** Checksum of the command that podman made it with; empty: it was not to run. */
  readonly command: string;
  /** A change after that was cut off: what runs may have started with other files than those that are there. */
  readonly pending: boolean;
}

export interface RunningContainer {
  readonly image: string;
  readonly state: string;
  readonly command: string;
}

/**
 * Lines `NAME STATE IMAGE COMMANDSUM` of all containers that carry our label. Two calls of podman, whatever their
 * number: a host's containers share the question.
 */
export const LIST_SCRIPT = `command -v podman >/dev/null || exit 0
ids=$(podman ps -aq --no-trunc --filter label=${LABEL}) && [ -n "$ids" ] || exit 0
podman inspect --type container --format '{{.Name}} {{.State.Status}} {{.Image}} {{json .Config.CreateCommand}}' $ids |
while IFS= read -r line; do
  rest=\${line#* }; rest=\${rest#* }; rest=\${rest#* }
  sum=$(printf %s "$rest" | sha256sum)
  printf '%s %s\\n' "\${line%" $rest"}" "\${sum%% *}"
done`;

const listQuestion = { about: "script", script: LIST_SCRIPT } as const;
const recordQuestion = (name: string) =>
  ({
    about: "script",
    script: `s=${word(stateFolder(name))}; cat -- "$s/good/record" 2>/dev/null; [ ! -e "$s/pending" ] || echo pending=yes`,
  }) as const;
const unitQuestion = (name: string) => ({ about: "unit", name: unitName(name) }) as const;

export const questionsOf = (inputs: ContainerInputs): readonly Question[] => [
  unitQuestion(inputs.name),
  recordQuestion(inputs.name),
  listQuestion,
  ...(["quadlet", "unit"] as const).map(
    form => ({ about: "entry", path: unitPath(inputs.name, form) }) as const,
  ),
  ...settingsFiles(inputs).map(({ path }) => ({ about: "entry", path }) as const),
];

/** Undefined: there is none, or it cannot be understood. */
export function parseRecord(text: string): ContainerRecord | undefined {
  const values = new Map(
    text.split("\n").map(line => {
      const at = line.indexOf("=");
      return [line.slice(0, at), line.slice(at + 1)] as const;
    }),
  );
  const [digest, image, source] = ["digest", "image", "source"].map(key => values.get(key) ?? "");
  const form = values.get("form");
  if (!digest || !image || !source || (form !== "quadlet" && form !== "unit")) return undefined;
  const [imageDigest = "", command = ""] = [values.get("imageDigest"), values.get("command")];
  const pending = values.get("pending") === "yes";
  return { digest, form, image, source, imageDigest, command, pending };
}

export function parseList(text: string): ReadonlyMap<string, RunningContainer> {
  const rows = text.split("\n").map(line => line.split(" "));
  return new Map(
    rows.flatMap(([name = "", state, image, command]) =>
      state === undefined || image === undefined || command === undefined
        ? []
        : [[name, { state, image, command }] as const],
    ),
  );
}

export interface ContainerFacts {
  readonly unit: UnitFacts | undefined;
  readonly record: ContainerRecord | undefined;
  readonly container: RunningContainer | undefined;
}

export function factsAbout({ name }: ContainerInputs, answers: Answers): ContainerFacts {
  return {
    unit: answers.get(unitQuestion(name)),
    record: parseRecord(answers.get(recordQuestion(name))?.output ?? ""),
    container: parseList(answers.get(listQuestion)?.output ?? "").get(name),
  };
}
