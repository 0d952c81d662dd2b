/**
 * Keeps secrets out of everything that is said. One pass over the text, whatever the number of values: each position's next
 * six characters are hashed as they roll by, and only where a value begins with the same six is anything compared.
 *
 * Not rewritten: a value that is part of a longer URN or of a SHA-1 or SHA-256 digest in hex, and the words given as
 * `identifiers` (names of stacks, projects, hosts). Keys of structured data never come here: only values do.
 */
import { SECRET_MASK } from "../engine/ports/plan.ts";
import type { Redactor } from "../engine/ports/secrets.ts";
import { formsOf, MIN_SECRET } from "./secret-forms.ts";

const FILTER_BITS = 16;
/** Text without white space is held back up to this length: longer than any URN. */
const MAX_NAME = 4096;
/** A URN as the engine writes it (sdk/go/common/resource/urn); the name may be any text without white space or quotes. */
const URN = /urn:pulumi:[^\s:"']+::[^\s:"']+::[^\s"']+::[^\s"']+/g;
const DIGEST = /(?<![0-9A-Za-z])(?:[0-9a-f]{64}|[0-9a-f]{40})(?![0-9A-Za-z])/g;

export interface TextRedactor extends Redactor {
  /** For text that comes in pieces: a value split over two of them is found as well. */
  stream(): RedactStream;
}

export interface RedactStream {
  /** What is safe to show by now. */
  push(chunk: string): string;
  /** The rest. */
  end(): string;
}

export interface RedactorOptions {
  /** Words of the estate that are shown although a secret happens to be equal to one: names of stacks, projects, hosts. */
  readonly identifiers?: ReadonlySet<string>;
}

interface Span {
  readonly start: number;
  readonly end: number;
}

function hashAt(text: string, at: number): number {
  let hash = 0;
  for (let i = at; i < at + MIN_SECRET; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0;
  return hash;
}
const slot = (hash: number): number => (hash ^ (hash >>> FILTER_BITS)) & ((1 << FILTER_BITS) - 1);
/** 31^(MIN_SECRET - 1): what the outgoing character weighs. */
const OUTGOING = 31 ** (MIN_SECRET - 1);

interface Patterns {
  add(pattern: string): void;
  /** All places where a pattern stands, touching or overlapping ones joined where they overlap. */
  find(text: string): Span[];
  /** Where the tail begins that may be the beginning of a pattern. */
  safeLength(text: string): number;
}

function createPatterns(): Patterns {
  const filter = new Uint8Array(1 << FILTER_BITS);
  const byStart = new Map<string, string[]>();
  const all = new Set<string>();
  let longest = 0;
  const longestAt = (text: string, at: number): number => {
    const candidates = byStart.get(text.slice(at, at + MIN_SECRET)) ?? [];
    return candidates.find(pattern => text.startsWith(pattern, at))?.length ?? 0;
  };
  return {
    add(pattern) {
      if (all.has(pattern)) return;
      all.add(pattern);
      longest = Math.max(longest, pattern.length);
      const start = pattern.slice(0, MIN_SECRET);
      byStart.set(
        start,
        [...(byStart.get(start) ?? []), pattern].toSorted((a, b) => b.length - a.length),
      );
      filter[slot(hashAt(pattern, 0))] = 1;
    },
    find(text) {
      const spans: { start: number; end: number }[] = [];
      if (all.size === 0 || text.length < MIN_SECRET) return spans;
      let hash = hashAt(text, 0);
      for (let at = 0; ; at++) {
        const length = filter[slot(hash)] === 1 ? longestAt(text, at) : 0;
        if (length > 0) {
          const last = spans.at(-1);
          if (last && at < last.end) last.end = Math.max(last.end, at + length);
          else spans.push({ start: at, end: at + length });
        }
        if (at + MIN_SECRET >= text.length) return spans;
        hash = (hash - Math.imul(text.charCodeAt(at), OUTGOING)) | 0;
        hash = (Math.imul(hash, 31) + text.charCodeAt(at + MIN_SECRET)) | 0;
      }
    },
    safeLength(text) {
      for (let at = Math.max(0, text.length - longest + 1); at < text.length; at++) {
        const rest = text.slice(at);
        const start = rest.length < MIN_SECRET ? all : (byStart.get(rest.slice(0, MIN_SECRET)) ?? []);
        for (const pattern of start) if (pattern.startsWith(rest)) return at;
      }
      return text.length;
    },
  };
}

/** Spans that are kept as they are because they lie inside of a longer name. */
function spared(text: string, spans: readonly Span[]): readonly Span[] {
  if (spans.length === 0) return [];
  const names = [URN, DIGEST].flatMap(pattern =>
    [...text.matchAll(pattern)].map(match => ({ start: match.index, end: match.index + match[0].length })),
  );
  const inside = (span: Span): boolean =>
    names.some(
      name =>
        name.start <= span.start && span.end <= name.end && name.end - name.start > span.end - span.start,
    );
  return spans.filter(inside);
}

export function createRedactor({ identifiers = new Set() }: RedactorOptions = {}): TextRedactor {
  const patterns = createPatterns();
  const seen = new Set<string>();
  function redact(text: string): string {
    const spans = patterns.find(text);
    const kept = new Set(spared(text, spans));
    let out = "";
    let at = 0;
    for (const span of spans) {
      if (kept.has(span)) continue;
      out += text.slice(at, span.start) + SECRET_MASK;
      at = span.end;
    }
    return out + text.slice(at);
  }
  function stream(): RedactStream {
    let buffer = "";
    return {
      push(chunk) {
        buffer += chunk;
        const safe = patterns.safeLength(buffer);
        // A URN or digest must be seen whole to be recognized: cut at white space, where some is near.
        const space = /\s\S*$/.exec(buffer.slice(Math.max(0, safe - MAX_NAME), safe));
        const wanted = space ? safe - space[0].length + 1 : safe > MAX_NAME ? safe : 0;
        const overlapping = patterns.find(buffer).find(span => span.start < wanted && wanted < span.end);
        const cut = overlapping?.start ?? wanted;
        const ready = redact(buffer.slice(0, cut));
        buffer = buffer.slice(cut);
        return ready;
      },
      end() {
        const ready = redact(buffer);
        buffer = "";
        return ready;
      },
    };
  }
  return {
    add(value) {
      if (seen.has(value) || identifiers.has(value)) return;
      seen.add(value);
      for (const form of formsOf(value)) if (!SECRET_MASK.includes(form)) patterns.add(form);
    },
    redact,
    stream,
  };
}
