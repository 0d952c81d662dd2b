/** The image that a container is to run: found on its host, pulled, loaded from an archive, or built there. */
import { word } from "../../connection/shell-loop.ts";
import { done, trouble, type Outcome } from "../../outcome.ts";
import type { Site } from "../family.ts";
import { step } from "../step.ts";
import { packFolder } from "./build-folder.ts";
import { stateFolder, type ContainerRecord } from "./facts.ts";
import { sha256 } from "./files.ts";
import { sourceText, type ContainerInputs, type Source } from "./inputs.ts";
import { fileCargo, ship, type Cargo } from "./ship.ts";

export interface Image {
  /** 64 hex digits. */
  readonly id: string;
  /** Of its manifest, `sha256:…`. */
  readonly digest: string;
}

/** Ended on the host, so that podman's last words come back. */
const PULL_S = 600;
const BUILD_S = 900;
const LOAD_S = 300;
const MARGIN_MS = 30_000;

/** Sets `$id` and ends, where it can say the image of `$ref`. */
const TELL = `tell() { podman image inspect --format '{{.Id}} {{.Digest}}' -- "$1"; }`;

/** The logins come as standard input, and are gone with the step: memory only. */
const WITH_LOGINS = `umask 077; a=$(mktemp /run/holdfast-logins-XXXXXXXXXX) || exit 1
trap 'rm -f -- "$a"' EXIT; trap 'exit 1' HUP INT TERM
cat >"$a"; auth=; if [ -s "$a" ]; then auth="--authfile=$a"; fi`;

const imageOf = (said: string): Outcome<Image> => {
  const [, id, digest] = /([0-9a-f]{64}) (\S*)\s*$/.exec(said) ?? [];
  return id === undefined || digest === undefined
    ? trouble("failed", `podman told no image: ${said.trim().slice(-200)}`)
    : done({ id, digest });
};

async function tell(
  site: Site,
  what: string,
  script: string,
  seconds: number,
  body = "",
): Promise<Outcome<Image>> {
  const said = await step(site, what, {
    script: `${TELL}\n${script}`,
    body: Buffer.from(body),
    deadlineMs: seconds * 1000 + MARGIN_MS,
  });
  return said.ok ? imageOf(said.value) : said;
}

/** `known`: what it was found to be when the container was last deployed with this name. */
function namedScript({ name, pull }: Extract<Source, { from: "image" }>, known: string): string {
  const pulled = `${WITH_LOGINS}\ntimeout ${PULL_S} podman pull $auth -- "$ref" >&2 || exit 1\ntell "$ref"`;
  const there = `tell ${word(known)} 2>/dev/null || tell "$ref" 2>/dev/null`;
  const missing = `echo "$ref is not on this host, and pull is never" >&2; exit 1`;
  const script = {
    always: pulled,
    missing: `${there} || {\n${pulled}\n}`,
    never: `${there} || { ${missing}; }`,
  };
  return `ref=${word(name)}\n${script[pull]}`;
}

/** The name under which an image of ours stands: another content is another name. */
export const tagOf = (name: string, source: Source): string =>
  `localhost/holdfast/${name.toLowerCase()}:${sha256(sourceText(source)).slice(0, 12)}`;

const loadScript = (file: string, tag: string): string => `f=${word(file)} tag=${word(tag)}
said=$(timeout ${LOAD_S} podman load --quiet --input "$f") || exit 1
ref=\${said##*: }
if [ "$(printf '%s\\n' "$said" | tr ',' '\\n' | grep -c .)" != 1 ]; then echo "the archive holds more than one image: $said" >&2; exit 1; fi
podman tag "$ref" "$tag" && rm -f -- "$f" && tell "$tag"`;

function buildScript(
  file: string,
  tag: string,
  { containerfile, args }: Extract<Source, { from: "build" }>,
): string {
  const given = Object.entries(args).map(([key, value]) => ` --build-arg=${word(`${key}=${value}`)}`);
  return `f=${word(file)} tag=${word(tag)}; d=\${f%.tar}
${WITH_LOGINS}
rm -rf -- "$d" && mkdir -p -- "$d" && tar -xf "$f" -C "$d" --no-same-owner || exit 1
timeout ${BUILD_S} podman build $auth --tag "$tag"${given.join("")} --file "$d"/${word(containerfile)} -- "$d" >&2 || exit 1
rm -rf -- "$d" "$f"; tell "$tag"`;
}

const bytesCargo = (bytes: Buffer): Cargo => ({
  size: bytes.length,
  digest: sha256(bytes),
  read: (offset, length) => Promise.resolve(bytes.subarray(offset, offset + length)),
});

async function brought(
  site: Site,
  inputs: ContainerInputs,
  source: Extract<Source, { from: "archive" | "build" }>,
  tag: string,
): Promise<Outcome<Image>> {
  const file = `${stateFolder(inputs.name)}/${source.digest}.tar`;
  if (source.from === "archive") {
    const what = `the archive ${source.file}`;
    const sent = await fileCargo(source.file, source.digest, cargo => ship(site, what, cargo, file));
    return sent.ok ? tell(site, `load ${what}`, loadScript(file, tag), LOAD_S) : sent;
  }
  const packed = await packFolder(source.folder, source.digest);
  if (!packed.ok) return packed;
  const sent = await ship(site, `the folder ${source.folder}`, bytesCargo(packed.value), file);
  if (!sent.ok) return sent;
  return tell(
    site,
    `build the image of ${inputs.name}`,
    buildScript(file, tag, source),
    BUILD_S,
    inputs.auth,
  );
}

/** The image of the last deployment stays as long as its source does: a tag that moved is not followed by itself. */
export async function imageFor(
  site: Site,
  inputs: ContainerInputs,
  record: ContainerRecord | undefined,
): Promise<Outcome<Image>> {
  const { source, name } = inputs;
  const known = record?.source === sourceText(source) ? record.image : "";
  if (source.from === "image")
    return tell(site, `get the image ${source.name}`, namedScript(source, known), PULL_S, inputs.auth);
  const tag = tagOf(name, source);
  const script = `tell ${word(known)} 2>/dev/null || tell ${word(tag)} 2>/dev/null || echo none`;
  const looked = await step(site, `look for the image of ${name}`, { script: `${TELL}\n${script}` });
  if (!looked.ok) return looked;
  return looked.value.trim() === "none" ? brought(site, inputs, source, tag) : imageOf(looked.value);
}
