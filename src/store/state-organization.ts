/** The organisation's names: the estate says them, and both processes read them here. */
import type { DatabaseSync } from "node:sqlite";
import type { StateStore } from "../engine/ports/state-store.ts";
import { inTransaction } from "./database.ts";

type Organization = Pick<StateStore, "organization" | "setOrganization">;

/** What Pulumi calls it where nobody says otherwise (self-managed backends). */
const DEFAULT = "organization";

export function createOrganization(db: DatabaseSync): Organization {
  const names = db.prepare("SELECT name FROM state_organization ORDER BY position");
  const clear = db.prepare("DELETE FROM state_organization");
  const insert = db.prepare("INSERT OR IGNORE INTO state_organization (name, position) VALUES (?, ?)");
  const read = (): string[] => names.all().map(row => String(row["name"]));
  return {
    organization: async () => {
      const [name = DEFAULT, ...aliases] = read();
      return { name, aliases };
    },
    setOrganization: async ({ name, aliases }) => {
      const wanted = [...new Set([name, ...aliases])];
      if (JSON.stringify(read()) === JSON.stringify(wanted)) return;
      inTransaction(db, () => {
        clear.run();
        wanted.forEach((one, position) => insert.run(one, position));
      });
    },
  };
}
