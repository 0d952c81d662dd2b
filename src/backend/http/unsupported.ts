/** What Pulumi's own service has and this one has not: said with the reason, and with what to use instead. */
import { problem, type Answer } from "./answer.ts";

interface Family {
  /** Of a path below /api. */
  readonly path: RegExp;
  /** Default: whatever the method. */
  readonly method?: string;
  readonly what: string;
  readonly instead: string;
}

const STACK = String.raw`^stacks/[^/]+/[^/]+/[^/]+`;

/** The first that fits counts. docs/state-service.md lists them. */
export const FAMILIES: readonly Family[] = [
  {
    path: /^(preview\/)?(esc\/)?environments(\/|$)|^esc(\/|$)/,
    what: "ESC environments",
    instead: "a file under secrets/ (holdfast secrets edit), or pulumi config set --secret",
  },
  {
    path: new RegExp(`${STACK}/config$`),
    what: "configuration kept in the service",
    instead: "the stack's file, Pulumi.<stack>.yaml",
  },
  {
    path: new RegExp(`${STACK}/deployments/(schedules|drift)`),
    what: "schedules",
    instead: "interval, drift.every and window in holdfast.yaml",
  },
  {
    path: new RegExp(`${STACK}/deployments|^orgs/[^/]+/deployments|^preview/[^/]+/[^/]+/[^/]+/deployments`),
    what: "Pulumi Deployments",
    instead: "a commit, or holdfast sync STACK: holdfast itself deploys what Git says",
  },
  { path: new RegExp(`${STACK}/drift`), what: "drift runs of the service", instead: "holdfast drift STACK" },
  {
    path: new RegExp(`${STACK}/hooks|^orgs/[^/]+/hooks`),
    what: "webhooks",
    instead: "holdfast's metrics and its log",
  },
  {
    // The same path by POST takes the events of an update under way.
    method: "GET",
    path: new RegExp(`${STACK}/updates?/[^/]+/events`),
    what: "the events of past updates",
    instead: "pulumi stack history, or holdfast show RUN",
  },
  {
    path: new RegExp(`${STACK}/update/[^/]+/checkpoint(verbatim|delta)$`),
    what: "differences of checkpoints",
    instead:
      "the CLI's journal or whole checkpoints, which every CLI since 3.0 sends where no others are offered",
  },
  {
    path: new RegExp(`^orgs/[^/]+/(policy|policies)|${STACK}/(policy|policies)`),
    what: "policy packs of an organisation",
    instead: "pulumi preview --policy-pack FOLDER",
  },
  {
    path: /^orgs\/[^/]+\/(teams|members|roles|tokens|auditlogs|agent-pools)|^user\/tokens/,
    what: "teams, members and roles",
    instead: "holdfast token create NAME",
  },
  {
    path: /^(preview\/)?registry(\/|$)/,
    what: "a registry",
    instead: "packages from where they are published",
  },
  {
    path: /^orgs\/[^/]+\/search|^ai(\/|$)|^neo/,
    what: "search and assistants",
    instead: "pulumi stack export",
  },
];

/** `path` begins with a slash. */
export function notSupported(method: string, path: string): Answer {
  const family = familyOf(method, path);
  const asked = `${method} ${path}`;
  if (!family)
    return problem(
      404,
      `holdfast's state service does not support ${asked}: it keeps stacks and their state.`,
    );
  // 404, as a service answers that never heard of it: the CLI goes on without what it merely asks for.
  return problem(
    404,
    `holdfast's state service has no ${family.what} (${asked}): it keeps stacks and their state. Use instead: ${family.instead}.`,
  );
}

/** Known from its first line alone, whatever it carries: some send YAML. */
export const isUnsupported = (method: string, path: string): boolean => familyOf(method, path) !== undefined;

function familyOf(method: string, path: string): Family | undefined {
  const below = path.replace(/^\/api\//, "");
  return FAMILIES.find(one => (one.method ?? method) === method && one.path.test(below));
}
