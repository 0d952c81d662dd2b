/** Encrypting and decrypting with a stack's key. Bodies carry base64, as Go writes bytes in JSON. */
import { isOwn, type ServiceContext, type StackRequest } from "../context.ts";
import { ciphertextsOf, openText } from "../deployment/secrets.ts";
import { isObject } from "../deployment/types.ts";
import { NO_CONTENT, answer, problem, type Answer } from "../http/answer.ts";
import type { StackRoute } from "../http/routes.ts";
import { LOST_KEY, RESTORE_KEY, type StackCipher } from "../keys.ts";
import { outputsOnly } from "../outputs-only.ts";

function texts(body: unknown, field: string): readonly string[] | undefined {
  const value = isObject(body) ? body[field] : undefined;
  if (value === null || value === undefined) return [];
  return Array.isArray(value) && value.every(item => typeof item === "string") ? value : undefined;
}

const one = (body: unknown, field: string): readonly string[] | undefined => {
  const value = isObject(body) ? body[field] : undefined;
  return value === undefined || value === null ? [""] : typeof value === "string" ? [value] : undefined;
};

const malformed = (field: string): Answer => problem(400, `${field} must be base64.`);
const NO_KEY = problem(
  500,
  `The secrets of this stack stay closed: ${LOST_KEY}. To mend it: ${RESTORE_KEY}.`,
);

/** Equal to no value of a state: those are JSON. */
const NOTHING = Buffer.alloc(0);

async function withCipher(
  context: ServiceContext,
  request: StackRequest,
  use: (cipher: StackCipher) => Promise<Answer>,
): Promise<Answer> {
  const cipher = await context.stackKeys.cipher(request.stack);
  return cipher ? use(cipher) : NO_KEY;
}

const encrypted = (cipher: StackCipher, plaintext: string): string =>
  cipher.encrypt(Buffer.from(plaintext, "base64")).toString("base64");

/** A run reads another stack's outputs and nothing more: only what is encrypted there may be opened. */
async function readable(
  context: ServiceContext,
  request: StackRequest,
  cipher: StackCipher,
): Promise<(ciphertext: string, plaintext: Buffer) => boolean> {
  if (isOwn(request)) return () => true;
  const checkpoint = await outputsOnly(context.store, request.stack);
  const shown = ciphertextsOf(checkpoint.deployment?.resources);
  const opened = (): readonly (string | undefined)[] => [...shown].map(one => openText(cipher, one));
  // What it read before the outputs were sealed with a new key is known by its plaintext.
  return (ciphertext, plaintext) =>
    shown.has(ciphertext) ||
    (cipher.isOld(Buffer.from(ciphertext, "base64")) && opened().includes(plaintext.toString("utf8")));
}

async function decrypted(
  context: ServiceContext,
  request: StackRequest,
  ciphertexts: readonly string[],
): Promise<ReadonlyMap<string, string> | Answer> {
  const cipher = await context.stackKeys.cipher(request.stack);
  if (!cipher) return NO_KEY;
  const mayRead = await readable(context, request, cipher);
  const opened = new Map<string, string>();
  for (const ciphertext of ciphertexts) {
    const plaintext = cipher.decrypt(Buffer.from(ciphertext, "base64"));
    // Who may not read it is not told whether it would open, either.
    if (!mayRead(ciphertext, plaintext ?? NOTHING))
      return problem(403, `A run may decrypt only the outputs of ${request.stack.name}.`);
    if (!plaintext)
      return problem(400, `A value was not encrypted for ${request.stack.name}, or was changed since.`);
    opened.set(ciphertext, plaintext.toString("base64"));
  }
  return opened;
}

const isAnswer = (value: ReadonlyMap<string, string> | Answer): value is Answer => !(value instanceof Map);

async function decryptOne(context: ServiceContext, request: StackRequest): Promise<Answer> {
  const ciphertexts = one(request.body, "ciphertext");
  if (!ciphertexts) return malformed("ciphertext");
  const opened = await decrypted(context, request, ciphertexts);
  return isAnswer(opened) ? opened : answer({ plaintext: opened.get(ciphertexts[0] ?? "") });
}

async function decryptMany(context: ServiceContext, request: StackRequest): Promise<Answer> {
  const ciphertexts = texts(request.body, "ciphertexts");
  if (!ciphertexts) return malformed("ciphertexts");
  const opened = await decrypted(context, request, ciphertexts);
  return isAnswer(opened) ? opened : answer({ plaintexts: Object.fromEntries(opened) });
}

async function encryptOne(context: ServiceContext, request: StackRequest): Promise<Answer> {
  const plaintexts = one(request.body, "plaintext");
  if (!plaintexts) return malformed("plaintext");
  return withCipher(context, request, async cipher =>
    answer({ ciphertext: encrypted(cipher, plaintexts[0] ?? "") }),
  );
}

async function encryptMany(context: ServiceContext, request: StackRequest): Promise<Answer> {
  const plaintexts = texts(request.body, "plaintexts");
  if (!plaintexts) return malformed("plaintexts");
  return withCipher(context, request, async cipher =>
    answer({ ciphertexts: plaintexts.map(plaintext => encrypted(cipher, plaintext)) }),
  );
}

/** The CLI says which command decrypted; the request log has it. */
const noted = async (): Promise<Answer> => NO_CONTENT;

export const secretRoutes: readonly StackRoute[] = [
  { method: "POST", path: "encrypt", audience: "own", handle: encryptOne },
  { method: "POST", path: "batch-encrypt", audience: "own", handle: encryptMany },
  { method: "POST", path: "decrypt", audience: "any", handle: decryptOne },
  { method: "POST", path: "batch-decrypt", audience: "any", handle: decryptMany },
  { method: "POST", path: "decrypt/log-decryption", audience: "any", handle: noted },
  { method: "POST", path: "decrypt/log-batch-decryption", audience: "any", handle: noted },
];
