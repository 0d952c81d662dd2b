/** What a run works with: the tree, its dependencies, its secrets as a config file, and its way into state and providers. */
import { ok, type Result } from "../failure.ts";
import { isEngineOwn, isOwn } from "../plan.ts";
import type { PreparedProgram } from "../ports/program.ts";
import type { OperationContext, RunConfig } from "../ports/pulumi.ts";
import type { UnknownResource } from "../ports/plan.ts";
import type { StateResource } from "../ports/state.ts";
import type { cleanups, Run, RunSignals, RunWorld } from "../run.ts";

export interface Workspace {
  readonly root: string;
  readonly program: PreparedProgram;
  readonly config: RunConfig;
}

type Cleanups = ReturnType<typeof cleanups>;

/** Checkout, dependencies, secrets and the stack's state, side by side where they do not need each other. */
export async function openWorkspace(
  run: Run,
  world: RunWorld,
  signals: RunSignals,
  undo: Cleanups,
): Promise<Result<Workspace>> {
  const checkout = await world.checkout(run.revision.sha);
  if (!checkout.ok) return checkout;
  const { root } = checkout.value;
  undo.add(() => checkout.value.release());
  const [program, secrets, state] = await Promise.all([
    world.installer.prepare(root, run.stack, signals.look, { allowScripts: run.allowScripts }),
    world.secrets.read(root, run.stack.settings.secrets),
    world.state.ensureStack(run.stack.name),
  ]);
  if (!program.ok) return program;
  if (!secrets.ok) return secrets;
  if (!state.ok) return state;
  const encrypt = (plaintexts: readonly string[]): Promise<readonly string[]> =>
    world.state.encrypt(run.stack.name, plaintexts);
  const decrypt = (ciphertexts: readonly string[]): Promise<readonly (string | undefined)[]> =>
    world.state.decrypt(run.stack.name, ciphertexts);
  const request = { root, stack: run.stack, secrets: secrets.value, encrypt, decrypt };
  const config = await world.pulumi.writeConfig(request);
  if (!config.ok) return config;
  undo.add(() => config.value.dispose());
  return ok({ root, program: program.value, config: config.value });
}

/** As Git shows a commit to people. */
const SHORT_SHA = 8;

/** One round's own token and provider port; both end with the round. */
export async function openSession(
  run: Run,
  world: RunWorld,
  signals: RunSignals,
  workspace: Workspace,
  { onlyOwn, resources }: StateContent,
): Promise<Result<OperationContext>> {
  const [state, providers] = await Promise.all([
    world.state.openRun({
      runId: run.id,
      stack: run.stack.name,
      about: `commit ${run.revision.sha.slice(0, SHORT_SHA)} of ${run.revision.author}: ${run.revision.subject}`,
      organization: { name: run.organization, aliases: run.organizationAliases },
    }),
    world.providers.open({ runId: run.id, stack: run.stack.name, organization: run.organization }),
  ]);
  if (!providers.ok) return providers;
  const { emit, clock } = world;
  return ok({
    runId: run.id,
    stack: run.stack,
    root: workspace.root,
    program: workspace.program,
    state,
    providers: providers.value,
    configFile: workspace.config.file,
    configHash: workspace.config.hash,
    env: run.stack.settings.env,
    onlyOwn,
    resources,
    deadlineMs: run.stack.settings.timeout,
    signal: signals.look,
    onProgress: step =>
      emit({ type: "resource", runId: run.id, stack: run.stack.name, at: clock.now(), ...step }),
  });
}

/** What a state holds. */
export interface StateContent {
  /** Custom resources, the engine's own not counted. */
  readonly resources: number;
  /** Stacks whose outputs this one reads, as `project/stack`. */
  readonly references: readonly string[];
  /** Every custom resource is holdfast's own, or the engine's. */
  readonly onlyOwn: boolean;
}

export interface StateView extends StateContent {
  readonly version: number;
  readonly unknown: readonly UnknownResource[];
}

function referenced(inputs: Readonly<Record<string, unknown>>): string[] {
  const name = inputs["name"];
  return typeof name === "string" ? [name.split("/").slice(-2).join("/")] : [];
}

const contentOf = (resources: readonly StateResource[]): StateContent => ({
  resources: resources.filter(({ type, custom }) => custom && !isEngineOwn(type)).length,
  references: resources
    .filter(({ type }) => type === "pulumi:pulumi:StackReference")
    .flatMap(({ inputs }) => referenced(inputs)),
  onlyOwn: resources.every(({ type, custom }) => !custom || isEngineOwn(type) || isOwn(type)),
});

/** What the state holds now; nobody is asked whether it is there. */
export async function countState(run: Run, world: RunWorld): Promise<Result<StateContent>> {
  const resources = await world.state.resources(run.stack.name, { openSecrets: true });
  return resources.ok ? ok(contentOf(resources.value)) : resources;
}

/** The state as it stands, and which of its resources sit behind a connection that is dead now. */
export async function viewState(run: Run, world: RunWorld): Promise<Result<StateView>> {
  const version = await world.state.version(run.stack.name);
  const resources = await world.state.resources(run.stack.name, { openSecrets: true });
  if (!resources.ok) return resources;
  const unknown = await world.providers.unreachable(resources.value);
  return ok({ version, unknown, ...contentOf(resources.value) });
}
