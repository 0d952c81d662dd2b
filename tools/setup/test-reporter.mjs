/** What is seen of a test run: a line per file that passed, every failure in full; the counts go to a file for the summary. */
import { writeFileSync } from "node:fs";
import path from "node:path";
import { inspect } from "node:util";

const here = file => path.relative(process.cwd(), file);

function failure({ name, file, line, details }) {
  const error = details.error?.cause ?? details.error;
  const text = error instanceof Error ? (error.stack ?? error.message) : inspect(error, { depth: 8 });
  const place = file ? `${here(file)}:${line ?? 1}` : "";
  return `\n✖ ${name}\n  ${place}\n${text.replaceAll(/^/gm, "  ")}\n\n`;
}

/** A suite or a file fails because a test in it did: that test is what there is to say. */
const onlyPassesOn = ({ details }) => details.error?.failureType === "subtestsFailed";

export default async function* report(source) {
  let total = { passed: 0, failed: 0, skipped: 0 };
  const broken = new Set();
  for await (const { type, data } of source) {
    if (type === "test:fail" && !onlyPassesOn(data) && data.todo === undefined) {
      broken.add(data.file);
      yield failure(data);
    } else if (type === "test:stderr" || type === "test:stdout") {
      yield data.message;
    } else if (type === "test:summary") {
      const { passed, failed, cancelled, skipped } = data.counts;
      if (data.file === undefined) total = { passed, failed: failed + cancelled, skipped };
      else
        yield `${data.success ? "✔" : "✖"} ${here(data.file)} (${passed}, ${(data.duration_ms / 1000).toFixed(1)} s)\n`;
    }
  }
  writeFileSync(process.env.HOLDFAST_TEST_COUNTS, JSON.stringify(total));
}
