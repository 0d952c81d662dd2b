/** Properties of a timer with its service. */
import { account, command, path } from "./place.ts";
import {
  flaw,
  line,
  listOf,
  mapOf,
  optional,
  required,
  text,
  yesOrNo,
  type Rule,
  type Shape,
} from "./shape.ts";

const expression = line('a calendar event of systemd, for example "Mon *-*-* 03:15"');
const expressions: Rule = (value, isLater) => {
  if (!Array.isArray(value)) return expression(value, isLater);
  return value.length === 0 ? flaw("is empty: it would never run") : listOf(expression)(value, isLater);
};

/** systemd's time spans; the host has the last word. */
const span = text({
  pattern: /^\d+(\.\d+)?( ?[a-zµ]+)?( ?\d+(\.\d+)? ?[a-zµ]+)*$/i,
  most: 100,
  what: 'a time span of systemd, for example "5min" or "1h 30min"',
});

const variable: Rule = value =>
  typeof value === "string" && /^[A-Za-z_][A-Za-z0-9_]*$/.test(value)
    ? []
    : flaw("is not a name of letters, digits and _");

export const TIMER: Shape = {
  name: required(
    text({
      pattern: /^[A-Za-z0-9:_.-]+$/,
      most: 240,
      what: 'a unit\'s name without its suffix, for example "backup"',
    }),
    "what its two units are called, without suffix",
  ),
  schedule: required(expressions, 'when it runs, for example "Mon *-*-* 03:15"'),
  command: required(command, "what is run"),
  description: optional(line()),
  user: optional(account),
  workingDirectory: optional(path),
  environment: optional(mapOf(variable, text({ pattern: /^[^\r]*$/ }), "a map of names to texts")),
  persistent: optional(yesOrNo),
  randomizedDelay: optional(span),
  accuracy: optional(span),
  timeout: optional(span),
  enabled: optional(yesOrNo),
};
