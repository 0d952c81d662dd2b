/** Which holdfast this is. */
import { readFileSync } from "node:fs";

/** From package.json, for example "0.1.0". */
export function version(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  const content: unknown = JSON.parse(text);
  const isPackage = typeof content === "object" && content !== null && "version" in content;
  if (!isPackage || typeof content.version !== "string") throw new Error("package.json has no version");
  return content.version;
}
