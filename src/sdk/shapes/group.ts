/** Properties of a group. */
import { ownName } from "./names.ts";
import { optional, required, whole, yesOrNo, type Shape } from "./shape.ts";

/** 32 bits, but for the two that mean "none". */
export const MOST_ID = 4_294_967_293;

export const GROUP: Shape = {
  name: required(ownName, "the group's name"),
  gid: optional(whole(0, MOST_ID)),
  system: optional(yesOrNo),
};
