/** The user's home folder: HOME, or what the user database says. */
import { homedir } from "node:os";

/** A user id without a name (as in many containers) and without HOME has none; then the root folder stands for it. */
export function homeFolder(): string {
  try {
    return homedir();
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ERR_SYSTEM_ERROR") return "/";
    throw error;
  }
}
