/** Which values of a file are encrypted (sops v3.13 shouldBeEncrypted): each rule looks at every key on the way to the value. */
import { fault, good, type Outcome } from "./outcome.ts";
import { compilePattern } from "./pattern.ts";

export const RULE_NAMES = [
  "unencrypted_suffix",
  "encrypted_suffix",
  "unencrypted_regex",
  "encrypted_regex",
  "unencrypted_comment_regex",
  "encrypted_comment_regex",
] as const;
export type RuleName = (typeof RULE_NAMES)[number];
export type Rules = Readonly<Partial<Record<RuleName, string>>>;

/** What sops uses where a file or a creation rule names none. */
export const DEFAULT_RULES: Rules = { unencrypted_suffix: "_unencrypted" };

export type Selects = (path: readonly string[]) => boolean;

function matcher(pattern: string, name: string): Outcome<Selects> {
  const compiled = compilePattern(pattern, name);
  if (!compiled.ok) return compiled;
  return good(path => path.some(key => compiled.value.test(key)));
}

const ends =
  (suffix: string): Selects =>
  path =>
    path.some(key => key.endsWith(suffix));

/** The rules as one function. Rules that go by comments are refused: two YAML readers do not agree on whose a comment is. */
export function selection(rules: Rules): Outcome<Selects> {
  const byComment = rules.encrypted_comment_regex ?? rules.unencrypted_comment_regex;
  if (byComment)
    return fault(
      "its rule goes by comments (encrypted_comment_regex or unencrypted_comment_regex), which holdfast does not follow",
      "use encrypted_regex, unencrypted_regex or a suffix in .sops.yaml and encrypt the file anew",
    );
  const steps: { when: Selects; result: boolean; otherwise?: boolean }[] = [];
  if (rules.unencrypted_suffix) steps.push({ when: ends(rules.unencrypted_suffix), result: false });
  if (rules.encrypted_suffix)
    steps.push({ when: ends(rules.encrypted_suffix), result: true, otherwise: false });
  for (const name of ["unencrypted_regex", "encrypted_regex"] as const) {
    const pattern = rules[name];
    if (!pattern) continue;
    const when = matcher(pattern, name);
    if (!when.ok) return when;
    const wanted = name === "encrypted_regex";
    steps.push({ when: when.value, result: wanted, ...(wanted ? { otherwise: false } : {}) });
  }
  return good(path =>
    steps.reduce((encrypted, step) => (step.when(path) ? step.result : (step.otherwise ?? encrypted)), true),
  );
}
