/** Files of a host through a shell: each operation is one script, so one round trip. */
import path from "node:path";
import { done, trouble, type Outcome } from "../outcome.ts";
import { parseStat } from "./entry-facts.ts";
import type { Attributes, FileEntry, Machine } from "./machine.ts";
import type { ShellAnswer } from "./remote-shell.ts";
import type { ShellPool } from "./shell-pool.ts";
import { shellSystem } from "./shell-system.ts";
import * as scripts from "./shell-scripts.ts";

const folderOf = (target: string): string => path.posix.dirname(target);

/** Room for the line of facts before a file's content. */
const HEADER_BYTES = 4096;

const MISSING = /: No such file or directory$/;
const DENIED = /: (Permission denied|Operation not permitted|Read-only file system)$/;

/** The shell's error text is in English: the loop sets LC_ALL=C. */
function troubleOf(name: string, target: string, answer: ShellAnswer): ReturnType<typeof trouble> {
  const said = answer.stderr.split("\n").at(-1)?.slice(0, 500) || `the script ended with code ${answer.code}`;
  if (answer.code === scripts.INVALID)
    return trouble("failed", `${name}: ${target} stays as it is, the new one is not valid: ${answer.stderr}`);
  const kind = answer.code === scripts.REFUSED ? "refused" : DENIED.test(said) ? "denied" : "failed";
  return trouble(kind, `${name}: ${target}: ${said}`);
}

function parseRead(answer: ShellAnswer, maxBytes: number): Outcome<FileEntry> {
  const end = answer.stdout.indexOf(0x0a);
  const entry = parseStat(answer.stdout.subarray(0, Math.max(end, 0)).toString("utf8"));
  if (!entry)
    return trouble("failed", "the host's stat answers in a form that is not known; GNU coreutils are needed");
  if (entry.kind !== "file" || entry.size > maxBytes) return done(entry);
  const content = answer.stdout.subarray(end + 1);
  return done({ ...entry, size: content.length, content: Buffer.from(content) });
}

export function shellMachine(name: string, pool: ShellPool, callMs: number): Omit<Machine, "ping"> {
  const run = (script: string, signal: AbortSignal, body?: Buffer) =>
    pool.run({ script, maxOutput: HEADER_BYTES, deadlineMs: callMs, signal, ...(body ? { body } : {}) });

  async function act(
    target: string,
    script: string,
    signal: AbortSignal,
    body?: Buffer,
  ): Promise<Outcome<void>> {
    const answer = await run(script, signal, body);
    if (!answer.ok) return named(answer.trouble.kind, target, answer.trouble.message);
    return answer.value.code === 0 ? done(undefined) : troubleOf(name, target, answer.value);
  }

  const named = (kind: Parameters<typeof trouble>[0], target: string, message: string) =>
    trouble(kind, kind === "unreachable" ? message : `${name}: ${target}: ${message}`);

  return {
    name,
    ...shellSystem(name, pool, callMs),
    async read(target, maxBytes, signal) {
      const script = scripts.read(target, maxBytes);
      const answer = await pool.look({
        script,
        maxOutput: maxBytes + HEADER_BYTES,
        deadlineMs: callMs,
        signal,
      });
      if (!answer.ok) return named(answer.trouble.kind, target, answer.trouble.message);
      const { code, stderr } = answer.value;
      if (code === scripts.NO_STAT && MISSING.test(stderr)) return done(undefined);
      if (code !== 0) return troubleOf(name, target, answer.value);
      const read = parseRead(answer.value, maxBytes);
      return read.ok ? read : named(read.trouble.kind, target, read.trouble.message);
    },
    write: (target, content, writing, signal) =>
      act(target, scripts.write(target, folderOf(target), content.length, writing), signal, content),
    async exchange(target, content, exchange, signal) {
      const script = scripts.write(target, folderOf(target), content.length, exchange);
      const answer = await run(script, signal, content);
      if (!answer.ok) return named(answer.trouble.kind, target, answer.trouble.message);
      if (answer.value.code === scripts.CHANGED) return done(false);
      return answer.value.code === 0 ? done(true) : troubleOf(name, target, answer.value);
    },
    makeSymlink: (target, to, signal) =>
      act(target, scripts.makeSymlink(target, folderOf(target), to), signal),
    makeDirectory: (target, mode, signal) =>
      act(target, scripts.makeDirectory(target, folderOf(target), mode), signal),
    setAttributes: (target, attributes: Attributes, signal) =>
      act(target, scripts.setAttributes(target, attributes), signal),
    removeFile: (target, signal) => act(target, scripts.removeFile(target), signal),
    removeInside: (folder, paths, signal) =>
      act(folder, scripts.removeInside(folder), signal, scripts.zeroEnded(paths)),
    async removeDirectory(target, signal) {
      const answer = await run(scripts.removeDirectory(target), signal);
      if (!answer.ok) return named(answer.trouble.kind, target, answer.trouble.message);
      const { code, stderr } = answer.value;
      if (code === 0) return done(true);
      if (code === scripts.NO_STAT && MISSING.test(stderr)) return done(true);
      if (/: Directory not empty$/.test(stderr)) return done(false);
      return troubleOf(name, target, answer.value);
    },
  };
}
