/** `holdfast token create|list|revoke`: access for people, to the API and to the state service (`pulumi login`). */
import { ago } from "../report/age.ts";
import { defineCommand, type Io } from "./command.ts";
import { sayProblem } from "./say-problem.ts";
import { print, sayFailure } from "./with-control.ts";
import type { TokenDesk } from "./wire-token.ts";

async function create(desk: TokenDesk, name: string | undefined, io: Io, json: boolean): Promise<number> {
  if (name === undefined) return usage(io, "holdfast token create NAME");
  const token = await desk.tokens.create(name);
  if (token === undefined) {
    const hint = "revoke it first, or choose another name";
    return sayProblem(io, json, `there is a token named ${name} already`, hint);
  }
  io.stderr("The token is shown this once only.\n");
  const login =
    desk.stateUrl === undefined ? undefined : `PULUMI_ACCESS_TOKEN=… pulumi login ${desk.stateUrl}`;
  print(
    io,
    json,
    () => ({ version: 1, name, token, stateUrl: desk.stateUrl ?? null }),
    () => token,
  );
  if (login !== undefined) io.stderr(`For the plain CLI: ${login}\n`);
  return 0;
}

async function list(desk: TokenDesk, io: Io, json: boolean): Promise<number> {
  const tokens = await desk.tokens.list();
  const now = Date.now();
  const iso = (at: number | undefined): string | null =>
    at === undefined ? null : new Date(at).toISOString();
  const documents = tokens.map(one => ({
    name: one.name,
    createdAt: iso(one.createdAt),
    usedAt: iso(one.usedAt),
  }));
  const line = (one: (typeof tokens)[number]): string =>
    `${one.name.padEnd(24)} created ${ago(one.createdAt, now)}, used ${ago(one.usedAt, now)}`;
  print(
    io,
    json,
    () => ({ version: 1, tokens: documents }),
    () => (tokens.length === 0 ? "No tokens." : tokens.map(line).join("\n")),
  );
  return 0;
}

async function revoke(desk: TokenDesk, name: string | undefined, io: Io, json: boolean): Promise<number> {
  if (name === undefined) return usage(io, "holdfast token revoke NAME");
  const revoked = await desk.tokens.revoke(name);
  if (!revoked) return sayProblem(io, json, `no token is named ${name}`, "`holdfast token list` shows them");
  print(
    io,
    json,
    () => ({ version: 1, name, revoked }),
    () => `${name} is revoked`,
  );
  return 0;
}

function usage(io: Io, right: string): number {
  io.stderr(`holdfast: a name is missing: ${right}\n`);
  return 64;
}

export const command = defineCommand({
  verb: "token",
  describe: "access for people: to the API and, with `pulumi login`, to the state",
  builder: {
    action: { type: "string", required: true, choices: ["create", "list", "revoke"], describe: "what to do" },
    name: { type: "string", describe: "whose it is" },
  },
  async run(args, io) {
    const { openTokens } = await import("./wire-token.ts");
    const desk = await openTokens(args, io);
    if (!desk.ok) return sayFailure(io, args.json, desk.failure);
    try {
      const { action, name, json } = args;
      if (action === "create") return await create(desk.value, name, io, json);
      return await (action === "list" ? list(desk.value, io, json) : revoke(desk.value, name, io, json));
    } finally {
      desk.value.close();
    }
  },
});
