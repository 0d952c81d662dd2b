/** holdfast:host:Container: a container of podman, run by systemd. */
import { CONTAINER, sourceFlaws } from "../../../sdk/shapes/container.ts";
import type { Answers } from "../../connection/questions.ts";
import { done, trouble, type Outcome } from "../../outcome.ts";
import type { Checked, CheckRequest } from "../../resource.ts";
import type { Done, Family, Site } from "../family.ts";
import { step } from "../step.ts";
import { deployScript, removeScript, withinOf } from "./deploy-script.ts";
import { factsAbout, questionsOf } from "./facts.ts";
import { filesOf } from "./files.ts";
import { imageFor, type Image } from "./image.ts";
import { parseContainer, type ContainerInputs } from "./inputs.ts";
import { mustRestart, outputsOf, seeContainer, seeFiles } from "./judge.ts";
import { folderFiles, writeFolder, removeFolderFiles } from "./folder.ts";
import { unitName, type Form } from "./units.ts";

/** Two starts, two health checks, and what is between them. */
const DEPLOY_MARGIN_S = 420;

/** Why it did not become healthy, its last lines, and what became of the former one. */
const SAID = 6000;

const FORM_SCRIPT = `command -v podman >/dev/null || { echo 'podman is not on this host: add a Package, and let the container depend on it' >&2; exit 1; }
for d in /etc /usr/local/lib /usr/lib /lib; do
  [ ! -x "$d/systemd/system-generators/podman-system-generator" ] || { echo quadlet; exit 0; }
done
echo unit`;

function complete({ inputs }: CheckRequest): Checked {
  const problems = sourceFlaws(inputs).map(({ at, reason }) => ({ property: at, reason }));
  return { inputs, problems };
}

async function deploy(
  site: Site,
  inputs: ContainerInputs,
  answers: Answers,
  form: Form,
  image: Image,
): Promise<Outcome<Done>> {
  const files = filesOf(inputs, form, image.id);
  const facts = factsAbout(inputs, answers);
  const restart = mustRestart({ files, facts, answers, image: image.id });
  const deployment = { inputs, form, image, files, restart };
  const deployed = await site.machine.run(
    {
      script: deployScript(deployment),
      body: Buffer.concat(files.map(({ content }) => content)),
      deadlineMs: (2 * withinOf(inputs) + DEPLOY_MARGIN_S) * 1000,
    },
    site.signal,
  );
  if (!deployed.ok) return deployed;
  const { code, stderr } = deployed.value;
  if (code !== 0)
    return trouble("failed", `${site.machine.name}: the container ${inputs.name}: ${stderr.slice(0, SAID)}`);
  return done({ outputs: outputsOf(unitName(inputs.name), { image: image.id, imageDigest: image.digest }) });
}

async function ensure(inputs: ContainerInputs, site: Site, old?: ContainerInputs): Promise<Outcome<Done>> {
  if (!site.machine.system) return writeFolder(inputs, site, old);
  const form = await step(site, "look for podman", { script: FORM_SCRIPT });
  if (!form.ok) return form;
  const answers = await site.machine.ask(questionsOf(inputs), site.signal);
  if (!answers.ok) return answers;
  const image = await imageFor(site, inputs, factsAbout(inputs, answers.value).record);
  if (!image.ok) return image;
  const wanted = form.value.trim() === "quadlet" ? "quadlet" : "unit";
  return deploy(site, inputs, answers.value, wanted, image.value);
}

export const container: Family<ContainerInputs> = {
  type: "holdfast:host:Container",
  shape: CONTAINER,
  complete,
  identity: ["name"],
  id: ({ name }) => name,
  parse: parseContainer,
  needsSystem: false,
  look: questionsOf,
  see: (inputs, answers, properties) =>
    answers.system
      ? seeContainer(inputs, answers, properties)
      : seeFiles(folderFiles(inputs), answers, properties),
  async adopt(name) {
    return trouble(
      "refused",
      `cannot import ${name}: how a container is to be cannot be told from one that runs. Declare it; one of the same name that podman has is replaced`,
    );
  },
  example: "app",
  ensure,
  async remove(inputs, site) {
    if (!site.machine.system) return removeFolderFiles(inputs, site);
    const what = `remove the container ${inputs.name}`;
    const removed = await step(site, what, { script: removeScript(inputs.name), deadlineMs: 180_000 });
    return removed.ok ? done(undefined) : removed;
  },
  derived: {},
};
