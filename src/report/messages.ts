/** Every failure in words for a tired person at night: what happened, where, what to do. The table is in `messages/`, by kind. */
import type { Aborted, Failure } from "../engine/failure.ts";
import { shortSha } from "./commit.ts";
import { message, type Message, type MessageContext } from "./messages/message.ts";
import { stalled } from "./messages/stalled.ts";
import { transient } from "./messages/transient.ts";
import { waiting } from "./messages/waiting.ts";

function aborted(failure: Aborted): Message {
  switch (failure.reason) {
    case "shutting-down":
      return message("Ended because holdfast was stopped", "", "It goes on when holdfast is started.");
    case "superseded":
      return message(`A newer commit took its place: ${shortSha(failure.by)}`, "", "Nothing to do.");
  }
}

/** Every failure in words. `context` fills the commands in its hint. */
export function describeFailure(failure: Failure, context: MessageContext = {}): Message {
  switch (failure.kind) {
    case "stalled":
      return stalled(failure, context);
    case "waiting":
      return waiting(failure, context);
    case "transient":
      return transient(failure);
    case "aborted":
      return aborted(failure);
  }
}

/** The message as lines: title, detail indented, hint. */
export function failureText(failure: Failure, context: MessageContext = {}): string {
  const { title, detail, hint } = describeFailure(failure, context);
  const lines = [
    title,
    ...(detail ? detail.split("\n").map(line => `  ${line}`) : []),
    ...(hint ? [hint] : []),
  ];
  return lines.join("\n");
}
