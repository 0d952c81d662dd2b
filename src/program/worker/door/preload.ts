/** For Node programs that are not ours, by NODE_OPTIONS: package tools in a box. */
import { useDoor } from "./use-door.ts";

const { HOLDFAST_DOOR: door, HOLDFAST_DOOR_ALSO: also = "" } = process.env;
if (door !== undefined) useDoor(door, also.split(",").filter(Boolean));
