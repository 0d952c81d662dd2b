/** Properties of a systemd unit. */
import { command } from "./place.ts";
import {
  flaw,
  mapOf,
  object,
  optional,
  required,
  text,
  whole,
  yesOrNo,
  type Rule,
  type Shape,
} from "./shape.ts";
import { watched } from "./watched.ts";

/** UNIT_NAME_MAX of systemd, without its end mark. */
const MOST = 255;
const SUFFIXES = "service|socket|timer|path|target|mount|automount|swap|slice";
const NAME = new RegExp(`^[A-Za-z0-9:_.\\\\-]+(@[A-Za-z0-9:_.\\\\@-]*)?\\.(${SUFFIXES})$`);

/** With its suffix: app.service, app@1.service, and app@.service for the template of instances. */
export const unitName = text({
  pattern: NAME,
  most: MOST,
  what: `a unit's name with its suffix, for example "app.service" (.${SUFFIXES.replaceAll("|", ", .")})`,
});

export const isTemplate = (name: string): boolean => /@\.[a-z]+$/.test(name);

/** The drop-in's file name below NAME.d. */
const dropInName = text({
  pattern: /^[A-Za-z0-9_][A-Za-z0-9_.-]*\.conf$/,
  most: MOST,
  what: 'the name of a file that ends with .conf, for example "limits.conf"',
});

/** Seconds; a day is the most. */
export const seconds = (least: number): Rule => whole(least, 86_400);

const HEALTH: Shape = {
  within: optional(seconds(1)),
  stableFor: optional(seconds(0)),
  command: optional(command),
};

/** systemd would read it as nothing, and say nothing. */
const unitText: Rule = value =>
  typeof value === "string" && /\S/.test(value) && !value.includes("\0")
    ? []
    : flaw("must be the text of a unit");

export const UNIT: Shape = {
  name: required(unitName, 'the unit\'s name with its suffix, for example "app.service"'),
  content: optional(unitText),
  dropIns: optional(mapOf(dropInName, unitText, "a map of file names to their text")),
  enabled: optional(yesOrNo),
  masked: optional(yesOrNo),
  running: optional(yesOrNo),
  restartOn: optional(watched),
  reloadOn: optional(watched),
  health: optional(object(HEALTH)),
  verify: optional(yesOrNo),
};

type Given = Readonly<Record<string, unknown>>;
type Mistake = readonly [at: string, reason: string];

const isOneshot = (content: string): boolean =>
  /^\s*Type\s*=\s*oneshot\s*$/m.test(content) &&
  !/^\s*RemainAfterExit\s*=\s*(yes|true|on|1)\s*$/m.test(content);

const RULES: readonly ((given: Given) => Mistake | undefined)[] = [
  ({ masked, content }) =>
    masked === true && content !== undefined
      ? ["masked", "and content exclude each other: a mask stands where the unit's file would be"]
      : undefined,
  ({ masked, running }) =>
    masked === true && running === true
      ? ["running", "cannot be true: a masked unit cannot be started"]
      : undefined,
  ({ masked, enabled }) =>
    masked === true && enabled === true
      ? ["enabled", "cannot be true: a masked unit cannot be enabled"]
      : undefined,
  ({ name, running }) =>
    running !== undefined && typeof name === "string" && isTemplate(name)
      ? ["running", `does not go with a template: its instances run, such as ${name.replace("@.", "@1.")}`]
      : undefined,
  ({ name, restartOn, reloadOn }) =>
    typeof name === "string" && isTemplate(name) && (restartOn ?? reloadOn) !== undefined
      ? [restartOn === undefined ? "reloadOn" : "restartOn", "does not go with a template: its instances run"]
      : undefined,
  ({ content, running }) =>
    running !== undefined && typeof content === "string" && isOneshot(content)
      ? [
          "running",
          "has no meaning for Type=oneshot without RemainAfterExit=yes: it runs, ends, and is not active",
        ]
      : undefined,
  ({ content, enabled }) =>
    enabled === true && typeof content === "string" && !/^\s*\[Install\]\s*$/m.test(content)
      ? ["enabled", "cannot be true: the content has no [Install] section"]
      : undefined,
  ({ running, restartOn, reloadOn, health }) =>
    running === false && (restartOn ?? reloadOn ?? health) !== undefined
      ? ["running", "is false: restartOn, reloadOn and health are for a unit that runs"]
      : undefined,
];

/** What no property says alone. Unknown values are no texts and no booleans, and pass. */
export const unitMistakes = (given: Given): readonly Mistake[] =>
  RULES.flatMap(rule => {
    const mistake = rule(given);
    return mistake ? [mistake] : [];
  });
