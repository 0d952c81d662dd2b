/** What a route answers. Errors look as Pulumi's service writes them: `{ code, message }` (apitype ErrorResponse). */
export type Answer =
  | { readonly status: number; readonly json?: unknown }
  /** JSON that is there as text already. */
  | { readonly status: number; readonly text: string };

export const answer = (json: unknown): Answer => ({ status: 200, json });
export const NO_CONTENT: Answer = { status: 204 };

export const problem = (status: number, message: string): Answer => ({
  status,
  json: { code: status, message },
});

export const stackNotFound = (name: string): Answer =>
  problem(404, `Stack ${name} is not known to holdfast's state service.`);
