/** What /healthz looks at. A process that lives and does not answer is as good as dead. */
import type { Health } from "../server/server.ts";
import type { Holdfast } from "./wire.ts";

/** Whoever asks for health waits for a few seconds at most. */
const ANSWER_MS = 2_000;

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/api/capabilities`, { signal: AbortSignal.timeout(ANSWER_MS) });
    await response.body?.cancel();
    return true;
  } catch {
    return false;
  }
}

/** The provider host is started when a run first needs it. */
export function createHealth(holdfast: Holdfast): () => Promise<Health> {
  let wasThere = false;
  return async (): Promise<Health> => {
    const { halted } = await holdfast.care.facts();
    // Everything else is asked of the database, or lies in it.
    if (halted?.kind === "stalled") return { ok: false, checks: { database: "damaged" } };
    const { failure, head, problems } = await holdfast.controller.overview();
    const { state, providers } = holdfast.pids();
    wasThere ||= providers !== undefined;
    const stateService =
      state === undefined ? "down" : (await answers(holdfast.stateUrl)) ? "ok" : "no answer";
    const providerHost = providers !== undefined ? "ok" : wasThere ? "down" : "not started";
    // A repository that cannot be fetched is not our own illness: a restart would not help.
    const source = failure ? failure.reason : problems ? "config-invalid" : head ? "ok" : "not fetched yet";
    return {
      ok: stateService === "ok" && providerHost !== "down",
      checks: { source, stateService, providerHost, disk: halted ? "nearly full" : "ok" },
    };
  };
}
