/**
 * Wrapping in another process: the state service, which programs can reach, never holds an age key. It asks the
 * controller, over the channel that only these two share.
 */
import type { KeyWrapper } from "./keys.ts";

type Question = { readonly wrap: string } | { readonly unwrap: string };

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

/** Shape of our own other half's questions; whatever else comes is no question. */
function questionOf(value: unknown): Question | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if ("wrap" in value && typeof value.wrap === "string") return { wrap: value.wrap };
  if ("unwrap" in value && typeof value.unwrap === "string") return { unwrap: value.unwrap };
  return undefined;
}

/** In the controller. */
export function answerAboutKeys(keys: KeyWrapper): (question: unknown) => Promise<unknown> {
  return async value => {
    const question = questionOf(value);
    if (!question) return undefined;
    if ("wrap" in question) {
      const { wrapped, recipients } = await keys.wrap(Buffer.from(question.wrap, "base64"));
      return { wrapped: base64(wrapped), recipients };
    }
    const key = await keys.unwrap(Buffer.from(question.unwrap, "base64"));
    return key ? { key: base64(key) } : {};
  };
}

/** In the state service. */
export function createRemoteKeys(ask: (question: Question) => Promise<unknown>): KeyWrapper {
  return {
    async wrap(key) {
      const answer = await ask({ wrap: base64(key) });
      const { wrapped, recipients } = answer as { wrapped: string; recipients: readonly string[] };
      return { wrapped: Buffer.from(wrapped, "base64"), recipients };
    },
    async unwrap(wrapped) {
      const { key } = (await ask({ unwrap: base64(wrapped) })) as { key?: string };
      return key === undefined ? undefined : Buffer.from(key, "base64");
    },
  };
}
