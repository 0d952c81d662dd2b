/** Damage to a copy of the database: a start on it must say so and refuse. */
import { closeSync, mkdtempSync, openSync, rmSync, statSync, truncateSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Random } from "../random.ts";
import type { Scene } from "../scene.ts";
import type { Fault } from "./fault.ts";

const PAGE = 4096;

function damage(file: string, random: Random): string {
  const pages = Math.floor(statSync(file).size / PAGE);
  if (random.chance(0.3)) {
    const left = random.between(1, pages - 1);
    truncateSync(file, left * PAGE);
    return `cut off after ${left} of ${pages} pages`;
  }
  const page = random.between(0, pages - 1);
  const descriptor = openSync(file, "r+");
  const bytes = Buffer.from(Array.from({ length: PAGE }, () => random.between(0, 255)));
  writeSync(descriptor, bytes, 0, PAGE, page * PAGE);
  closeSync(descriptor);
  return `page ${page} of ${pages} overwritten`;
}

function copyDatabase({ data }: Scene, folder: string): string {
  const file = path.join(folder, "holdfast.db");
  const db = new DatabaseSync(path.join(data, "holdfast.db"), { readOnly: true });
  try {
    db.prepare("VACUUM INTO ?").run(file);
  } finally {
    db.close();
  }
  return file;
}

const COMMAND = ["sync"];

async function mustRefuse({ stage }: Scene, folder: string, how: string): Promise<void> {
  try {
    const { code, stderr } = await stage.run(COMMAND, { env: { HOLDFAST_DATA: folder } });
    if (code === 1 && /damaged/.test(stderr)) return;
    throw new Error(`a database that was ${how} was not refused: exit code ${code}: ${stderr}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export const damagedCopy: Fault = {
  kind: "start on a damaged copy of the database",
  weight: 1,
  // Its process is of the stage, and would be taken for one that a dead daemon left behind.
  holds: ["daemon"],
  async inject(scene, random) {
    const folder = mkdtempSync(path.join(tmpdir(), "hf-copy-"));
    const how = damage(copyDatabase(scene, folder), random);
    return { what: how, over: mustRefuse(scene, folder, how) };
  },
};
