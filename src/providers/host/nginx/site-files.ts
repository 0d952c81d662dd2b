/** The files of a site. Pure. */
import { createHash } from "node:crypto";
import type { SiteInputs } from "./inputs.ts";
import { siteText } from "./site-text.ts";

export interface SiteFile {
  /** Its name among the site's files. */
  readonly key: "site" | "certificate.pem" | "key.pem";
  readonly content: Buffer;
  readonly mode: number;
}

export const checksumOf = ({ content }: SiteFile): string =>
  createHash("sha256").update(content).digest("hex");

/** The site itself comes first. */
export function siteFiles(inputs: SiteInputs): readonly SiteFile[] {
  const file = (key: SiteFile["key"], text: string | undefined, mode: number): readonly SiteFile[] =>
    text === undefined ? [] : [{ key, content: Buffer.from(text), mode }];
  return [
    ...file("site", siteText(inputs), 0o644),
    ...file("certificate.pem", inputs.tls?.certificate, 0o644),
    ...file("key.pem", inputs.tls?.key, 0o600),
  ];
}
