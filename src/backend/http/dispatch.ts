/** One request: who asks, which route, which stack, may they. */
import type { Holder } from "../../engine/ports/state.ts";
import type { FixedContext, Principal, RouteRequest, ServiceContext, StackRequest } from "../context.ts";
import { isOwn } from "../context.ts";
import { accountRoutes } from "../routes/account.ts";
import { leaseRoutes } from "../routes/lease.ts";
import { secretRoutes } from "../routes/secrets.ts";
import { stackRoutes } from "../routes/stacks.ts";
import { stateRoutes } from "../routes/state.ts";
import { updateRoutes } from "../routes/updates.ts";
import { hashToken, sameHash } from "../tokens.ts";
import { problem, stackNotFound, type Answer } from "./answer.ts";
import { createFinder, type StackRoute } from "./routes.ts";
import { notSupported } from "./unsupported.ts";

const findRoute = createFinder(accountRoutes);
const findStackRoute = createFinder([
  ...stackRoutes,
  ...stateRoutes,
  ...secretRoutes,
  ...updateRoutes,
  ...leaseRoutes,
]);

const UNAUTHORIZED = problem(
  401,
  "This token is not known to holdfast's state service: it was ended or revoked.",
);

async function holdsLease(
  context: ServiceContext,
  principal: Principal,
  request: StackRequest,
): Promise<boolean> {
  if (principal.kind !== "update") return false;
  const live = await context.live.find(request.params.update ?? "");
  return live?.update.stackId === request.stack.id && sameHash(live.tokenHash, hashToken(principal.token));
}

async function refusal(
  context: ServiceContext,
  route: StackRoute,
  request: StackRequest,
): Promise<Answer | undefined> {
  const { principal, stack } = request;
  if (route.audience === "lease")
    return (await holdsLease(context, principal, request))
      ? undefined
      : problem(403, "This update's token is not valid: its lease was lost or ended.");
  if (principal.kind === "update") return problem(403, "An update's token is good for that update only.");
  if (route.audience === "any" || principal.kind === "person") return undefined;
  if (route.audience === "person")
    return problem(403, "A run's token may not do this; use a person's token.");
  return isOwn(request)
    ? undefined
    : problem(403, `A run's token of another stack may not do this with ${stack.name}.`);
}

/** `parts` begins after /api/stacks. */
async function dispatchStack(
  context: ServiceContext,
  method: string,
  parts: readonly string[],
  request: RouteRequest,
): Promise<Answer> {
  const [organization = "", project = "", name = "", ...rest] = parts;
  const found = findStackRoute(method, rest);
  if (!found) return notSupported(method, `/api/stacks/${parts.join("/")}`);
  const full = `${project}/${name}`;
  const known = organization === context.organization || context.aliases.includes(organization);
  if (!known) return problem(404, `The organization here is ${context.organization}, not ${organization}.`);
  const stack = await context.store.stack(full);
  if (!stack) return stackNotFound(full);
  const asked = { ...request, params: found.params, stack, organization };
  return (await refusal(context, found.route, asked)) ?? found.route.handle(context, asked);
}

export interface Incoming {
  readonly method: string;
  readonly parts: readonly string[];
  readonly query: URLSearchParams;
  readonly body: unknown;
  readonly origin: string;
  readonly peer: () => Holder;
  readonly principal: Principal | undefined;
}

const STACK_DEPTH = 5;

export async function dispatch(fixed: FixedContext, incoming: Incoming): Promise<Answer> {
  const { method, parts, query, body, origin, peer, principal } = incoming;
  const path = `/${parts.join("/")}`;
  if (parts[0] !== "api")
    return problem(404, `${path} is not here; Pulumi's service protocol is below /api.`);
  if (!principal) return UNAUTHORIZED;
  const { name, aliases } = await fixed.store.organization();
  const context: ServiceContext = { ...fixed, organization: name, aliases };
  const request = { principal, params: {}, query, body, origin, peer };
  if (parts[1] === "stacks" && parts.length >= STACK_DEPTH)
    return dispatchStack(context, method, parts.slice(2), request);
  const found = findRoute(method, parts);
  if (!found) return notSupported(method, path);
  if (principal.kind === "update") return problem(403, "An update's token is good for that update only.");
  if (found.route.audience === "person" && principal.kind !== "person")
    return problem(403, "A run's token may not do this; use a person's token.");
  return found.route.handle(context, { ...request, params: found.params });
}
