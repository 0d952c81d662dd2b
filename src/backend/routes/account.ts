/** Who am I, what can the service do, which stacks are there. */
import type { StoredStack } from "../../engine/ports/state-store.ts";
import { nameOfPrincipal, type RouteRequest, type ServiceContext } from "../context.ts";
import { isObject } from "../deployment/types.ts";
import { EMPTY_CHECKPOINT } from "../deployment/stored.ts";
import { NO_CONTENT, answer, problem, type Answer } from "../http/answer.ts";
import type { Route } from "../http/routes.ts";
import { importDeployment } from "../import.ts";
import { ENGINE_VERSION } from "../journal/replay.ts";

/** Part of a stack's name: what the CLI itself takes, and nothing that could leave a path. */
export const NAME = /^(?!\.{1,2}$)[A-Za-z0-9_.-]{1,100}$/;
const SECOND = 1000;

export function tagsOf(value: unknown): Record<string, string> {
  if (!isObject(value)) return {};
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, tag]) => (typeof tag === "string" ? [[key, tag]] : [])),
  );
}

async function user(context: ServiceContext, { principal }: RouteRequest): Promise<Answer> {
  const login = principal.kind === "person" ? principal.name : "holdfast";
  const organizations = [context.organization, ...context.aliases].map(name => ({ githubLogin: name, name }));
  return answer({
    id: login,
    githubLogin: login,
    name: nameOfPrincipal(principal),
    email: "",
    avatarUrl: "",
    organizations,
  });
}

const capabilities = async (): Promise<Answer> =>
  answer({
    capabilities: [
      { capability: "batch-encrypt" },
      { capability: "deployment-schema-version", version: 1, configuration: { version: 4 } },
    ],
  });

function summary(context: ServiceContext, stack: StoredStack): Record<string, unknown> {
  const [projectName, stackName] = stack.name.split("/");
  return {
    id: String(stack.id),
    orgName: context.organization,
    projectName,
    stackName,
    resourceCount: stack.resources,
    ...(stack.updatedAt && { lastUpdate: Math.floor(stack.updatedAt / SECOND) }),
  };
}

async function list(context: ServiceContext, { query }: RouteRequest): Promise<Answer> {
  const organization = query.get("organization");
  const known = !organization || [context.organization, ...context.aliases].includes(organization);
  const project = query.get("project");
  const tag = query.get("tagName");
  const value = query.get("tagValue");
  const wanted = (stack: StoredStack): boolean =>
    (!project || stack.name.startsWith(`${project}/`)) &&
    (!tag || (tag in stack.tags && (value === null || stack.tags[tag] === value)));
  const stacks = known ? (await context.store.stacks()).filter(wanted) : [];
  return answer({ stacks: stacks.map(stack => summary(context, stack)) });
}

async function projectExists(context: ServiceContext, { params }: RouteRequest): Promise<Answer> {
  const prefix = `${params.project}/`;
  const found = (await context.store.stacks()).some(stack => stack.name.startsWith(prefix));
  return found ? NO_CONTENT : problem(404, `There is no project ${params.project}.`);
}

async function create(
  context: ServiceContext,
  { params, body, principal, peer }: RouteRequest,
): Promise<Answer> {
  const { store, stackKeys, clock, organization, aliases } = context;
  const { org = "", project = "" } = params;
  if (!isObject(body) || typeof body.stackName !== "string") return problem(400, "stackName is missing.");
  if (org !== organization && !aliases.includes(org))
    return problem(404, `The organization here is ${organization}, not ${org}.`);
  if (!NAME.test(project) || !NAME.test(body.stackName))
    return problem(400, `${project}/${body.stackName} is no name of a stack.`);
  const name = `${project}/${body.stackName}`;
  const key = await stackKeys.newKey();
  const made = await store.createStack({ name, tags: tagsOf(body.tags), key, at: clock.now() });
  if (!made) return problem(409, `Stack ${name} exists already.`);
  const stack = body.state ? await store.stack(name) : undefined;
  if (!stack) return answer({});
  const importer = { who: nameOfPrincipal(principal), holder: peer(), keepForeign: true };
  const imported = await importDeployment(context, stack, body.state ?? EMPTY_CHECKPOINT, importer);
  return imported.ok ? answer({}) : problem(400, imported.why);
}

export const accountRoutes: readonly Route[] = [
  { method: "GET", path: "/api/user", audience: "any", handle: user },
  {
    method: "GET",
    path: "/api/user/organizations/default",
    audience: "any",
    handle: async ({ organization }) => answer({ gitHubLogin: organization, messages: [] }),
  },
  { method: "GET", path: "/api/user/stacks", audience: "any", handle: list },
  { method: "GET", path: "/api/capabilities", audience: "any", handle: capabilities },
  {
    method: "GET",
    path: "/api/cli/version",
    audience: "any",
    handle: async () => answer({ latestVersion: ENGINE_VERSION, oldestWithoutWarning: ENGINE_VERSION }),
  },
  { method: "HEAD", path: "/api/stacks/:org/:project", audience: "any", handle: projectExists },
  { method: "POST", path: "/api/stacks/:org/:project", audience: "person", handle: create },
];
