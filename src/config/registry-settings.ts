/** From where packages may come, beside the registries that npm's own settings name. */
import { z } from "zod";

const isOrigin = (text: string): boolean =>
  URL.canParse(text) &&
  new URL(text).protocol === "https:" &&
  new URL(text).origin === text.replace(/\/$/, "");

export const npmRegistriesSchema = z
  .array(
    z
      .string()
      .max(500)
      .refine(isOrigin, {
        error: "write https:// and the host's name alone, such as https://registry.example",
      })
      .transform(text => new URL(text).origin),
  )
  .max(100)
  .optional()
  .describe("Origins that npm packages may come from, beside the registries that npm's own settings name.");
