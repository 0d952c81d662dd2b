/** Finds the route of a request. */
import type { RouteRequest, ServiceContext, StackRequest } from "../context.ts";
import type { Answer } from "./answer.ts";

/**
 * Who may call a route of a stack: `any` token that is known (the handler knows what a foreign run may see), whoever
 * `own`s the stack (people, and the stack's own run), only a `person`, or the holder of an update's `lease`.
 */
export type Audience = "any" | "own" | "person" | "lease";

export interface Route {
  readonly method: string;
  /** `/api/stacks/:org/:project`; a name with a colon is a parameter. */
  readonly path: string;
  readonly audience: Exclude<Audience, "lease" | "own">;
  readonly handle: (context: ServiceContext, request: RouteRequest) => Promise<Answer>;
}

export interface StackRoute {
  readonly method: string;
  /** Below `/api/stacks/:org/:project/:stack`. */
  readonly path: string;
  readonly audience: Audience;
  readonly handle: (context: ServiceContext, request: StackRequest) => Promise<Answer>;
}

interface Found<R> {
  readonly route: R;
  readonly params: Readonly<Record<string, string>>;
}

function match(pattern: readonly string[], parts: readonly string[]): Record<string, string> | undefined {
  if (pattern.length !== parts.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, name] of pattern.entries()) {
    const part = parts[index] ?? "";
    if (name.startsWith(":")) params[name.slice(1)] = part;
    else if (name !== part) return undefined;
  }
  return params;
}

export function createFinder<R extends { readonly method: string; readonly path: string }>(
  routes: readonly R[],
): (method: string, parts: readonly string[]) => Found<R> | undefined {
  const compiled = routes.map(route => ({ route, pattern: route.path.split("/").filter(Boolean) }));
  return (method, parts) => {
    for (const { route, pattern } of compiled) {
      const params = route.method === method ? match(pattern, parts) : undefined;
      if (params) return { route, params };
    }
    return undefined;
  };
}
