/** holdfast:host:NginxSite: a site of nginx, judged by nginx before it is switched. */
import { NGINX_SITE, siteFlaws } from "../../../sdk/shapes/nginx-site.ts";
import type { Answers, Question } from "../../connection/questions.ts";
import { mapOf, type PlainMap } from "../../grpc/value.ts";
import { done, trouble, type Outcome } from "../../outcome.ts";
import type { Done, Family, Seen, Site } from "../family.ts";
import { parseSite, type SiteInputs } from "./inputs.ts";
import { deployScript, removeScript } from "./scripts.ts";
import { availablePath, confPath, ENABLED, enabledPath, pendingPath, tlsFolder } from "./paths.ts";
import { checksumOf, siteFiles, type SiteFile } from "./site-files.ts";

/** Two reloads, a copy of the configuration, and others that are at it first. */
const MARGIN_S = 180;
const MAX_CONTENT = 1_000_000;

const entry = (path: string) => ({ about: "entry", path }) as const;

const look = ({ name }: Pick<SiteInputs, "name">): readonly Question[] =>
  [
    ENABLED,
    availablePath(name),
    enabledPath(name),
    confPath(name),
    `${tlsFolder(name)}/certificate.pem`,
    `${tlsFolder(name)}/key.pem`,
    pendingPath(name),
  ].map(entry);

/** A folder that stands for a host gets Debian's layout. */
const hasSites = (answers: Answers): boolean =>
  !answers.system || answers.get(entry(ENABLED))?.kind === "directory";

const pathOf = (name: string, key: SiteFile["key"], answers: Answers): string => {
  if (key !== "site") return `${tlsFolder(name)}/${key}`;
  return hasSites(answers) ? availablePath(name) : confPath(name);
};

function isLinked(name: string, answers: Answers): boolean {
  if (!hasSites(answers)) return true;
  const link = answers.get(entry(enabledPath(name)));
  return (
    link?.kind === "symlink" &&
    [availablePath(name), `../sites-available/${name}`].includes(link.target ?? "")
  );
}

/** Properties that are not as they should be, with what is said in their place. */
function wrong(inputs: SiteInputs, answers: Answers): PlainMap {
  const { name, content } = inputs;
  const files = siteFiles(inputs);
  const differing = files.filter(file => {
    const there = answers.get(entry(pathOf(name, file.key, answers)));
    return there?.kind !== "file" || there.checksum !== checksumOf(file) || there.mode !== file.mode;
  });
  const said = differing.map(({ key }) => {
    const property = key !== "site" ? "tls" : content === undefined ? "file" : "content";
    return [property, `${pathOf(name, key, answers)} was changed`] as const;
  });
  return {
    ...mapOf(said),
    ...(!isLinked(name, answers) && { enabled: false }),
    ...(answers.get(entry(pendingPath(name))) && { loaded: false }),
  };
}

function see(inputs: SiteInputs, answers: Answers, properties: PlainMap): Seen | undefined {
  const path = pathOf(inputs.name, "site", answers);
  if (answers.get(entry(path))?.kind !== "file") return undefined;
  return { properties: { ...properties, ...wrong(inputs, answers) }, outputs: { path } };
}

async function read(
  inputs: SiteInputs,
  site: Site,
  properties: PlainMap,
  answers: Answers,
): Promise<Outcome<Seen | undefined>> {
  const seen = see(inputs, answers, properties);
  const path = pathOf(inputs.name, "site", answers);
  const file = await site.machine.read(path, MAX_CONTENT, site.signal);
  if (!file.ok || !seen) return file.ok ? done(undefined) : file;
  // What stands there says more than that it differs.
  const text = file.value?.content?.toString("utf8");
  const now = mapOf(
    Object.entries(seen.properties).map(([key, value]) => {
      const isText = (key === "file" || key === "content") && text !== undefined;
      return [key, isText && value !== properties[key] ? text : value] as const;
    }),
  );
  return done({ ...seen, properties: now });
}

async function adopt(name: string, site: Site): Promise<Outcome<Seen | undefined>> {
  const { machine, signal } = site;
  const answers = await machine.ask(look({ name }), signal);
  if (!answers.ok) return answers;
  const path = pathOf(name, "site", answers.value);
  const file = await machine.read(path, MAX_CONTENT, signal);
  if (!file.ok || file.value?.kind !== "file") return file.ok ? done(undefined) : file;
  if (!file.value.content)
    return trouble("refused", `cannot import ${name}: ${path} holds ${file.value.size} bytes`);
  if (!isLinked(name, answers.value))
    return trouble("refused", `cannot import ${name}: ${enabledPath(name)} does not lead to it`);
  const content = file.value.content.toString("utf8");
  return done({ properties: { name, content }, outputs: { path } });
}

/** Files only: nothing tells whether they are right. */
async function writeFolder(inputs: SiteInputs, { machine, signal }: Site): Promise<Outcome<Done>> {
  const { name } = inputs;
  for (const { key, content, mode } of siteFiles(inputs)) {
    const path = key === "site" ? availablePath(name) : `${tlsFolder(name)}/${key}`;
    const written = await machine.write(path, content, { mode, newMode: mode }, signal);
    if (!written.ok) return written;
  }
  const linked = await machine.makeSymlink(enabledPath(name), availablePath(name), signal);
  return linked.ok ? done({ outputs: { path: availablePath(name) } }) : linked;
}

async function ensure(inputs: SiteInputs, site: Site): Promise<Outcome<Done>> {
  const { machine, signal } = site;
  if (!machine.system) return writeFolder(inputs, site);
  const files = siteFiles(inputs);
  const body = Buffer.concat(files.map(({ content }) => content));
  const deadlineMs = ((inputs.health?.within ?? 0) + MARGIN_S) * 1000;
  const said = await machine.run({ script: deployScript(inputs, files), body, deadlineMs }, signal);
  if (!said.ok) return said;
  const { code, stderr } = said.value;
  if (code !== 0)
    return trouble("failed", `${machine.name}: the site ${inputs.name}: ${stderr.slice(0, 4000)}`);
  const answers = await machine.ask([entry(ENABLED)], signal);
  return answers.ok ? done({ outputs: { path: pathOf(inputs.name, "site", answers.value) } }) : answers;
}

async function remove({ name }: SiteInputs, { machine, signal }: Site): Promise<Outcome<void>> {
  if (machine.system) {
    const said = await machine.run({ script: removeScript(name), deadlineMs: MARGIN_S * 1000 }, signal);
    if (!said.ok) return said;
    const { code, stderr } = said.value;
    return code === 0 ? done(undefined) : trouble("failed", `${machine.name}: the site ${name}: ${stderr}`);
  }
  for (const path of [
    enabledPath(name),
    availablePath(name),
    ...["certificate.pem", "key.pem"].map(key => `${tlsFolder(name)}/${key}`),
  ]) {
    const removed = await machine.removeFile(path, signal);
    if (!removed.ok) return removed;
  }
  return done(undefined);
}

export const nginxSite: Family<SiteInputs> = {
  type: "holdfast:host:NginxSite",
  shape: NGINX_SITE,
  complete: ({ inputs }) => ({
    inputs,
    problems: siteFlaws(inputs).map(({ at, reason }) => ({ property: at, reason })),
  }),
  identity: ["name"],
  id: ({ name }) => name,
  parse: parseSite,
  needsSystem: false,
  look,
  see,
  read,
  adopt,
  example: "app",
  ensure,
  remove,
  // A drift shows it as it stands there.
  derived: { file: ["serverName", "listen", "proxyTo", "root", "tls", "locations", "extra"] },
};
