/** Whether a path can be reached; links are followed. */
import { access } from "node:fs/promises";

export const isThere = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  );
