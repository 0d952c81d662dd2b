/** Names of users and groups that a host has of its own. */
import { text, type Rule } from "./shape.ts";

/** Names that useradd and groupadd take; one of digits only would be taken for a number. */
export const ownName: Rule = text({
  pattern: /^(?!\d+$)[A-Za-z0-9_][A-Za-z0-9_.-]*\$?$/,
  what: 'a name of letters, digits, "_", "-" and ".", not of digits alone',
  most: 32,
});
