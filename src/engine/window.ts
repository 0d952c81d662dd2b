/** Windows of time in which an apply is allowed: `Mon-Fri 08:00-17:00`, in a time zone. */
import type { Window } from "./ports/stack.ts";

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"] as const;
const SYNTAX =
  /^(?:(Sun|Mon|Tue|Wed|Thu|Fri|Sat)(?:-(Sun|Mon|Tue|Wed|Thu|Fri|Sat))? )?(\d\d):(\d\d)-(\d\d):(\d\d)$/;

export interface ParsedWindow {
  /** 0 = Sunday. */
  readonly days: ReadonlySet<number>;
  /** Minutes of the day; an end that is not after the start lies on the next day. */
  readonly start: number;
  readonly end: number;
  readonly zone: string;
}

/** Undefined where the text is no window. */
export function parseWindow(window: Window): ParsedWindow | undefined {
  const match = SYNTAX.exec(window.allow);
  if (!match) return undefined;
  const [, from, to, h1, m1, h2, m2] = match;
  const start = Number(h1) * 60 + Number(m1);
  const end = Number(h2) * 60 + Number(m2);
  if (start > 1440 || end > 1440 || Number(m1) > 59 || Number(m2) > 59) return undefined;
  const first = from === undefined ? 0 : DAYS.findIndex(day => day === from);
  const last = from === undefined ? 6 : DAYS.findIndex(day => day === (to ?? from));
  const days = new Set<number>();
  for (let day = first; ; day = (day + 1) % 7) {
    days.add(day);
    if (day === last) break;
  }
  return { days, start, end, zone: window.zone ?? "UTC" };
}

function local(at: number, zone: string): { day: number; minute: number } {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    weekday: "short",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
  const parts = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]));
  return {
    day: DAYS.findIndex(name => name === parts["weekday"]),
    minute: Number(parts["hour"]) * 60 + Number(parts["minute"]),
  };
}

function isOpen(window: ParsedWindow, at: number): boolean {
  const { day, minute } = local(at, window.zone);
  if (window.end > window.start) return window.days.has(day) && minute >= window.start && minute < window.end;
  const yesterday = (day + 6) % 7;
  return (
    (window.days.has(day) && minute >= window.start) || (window.days.has(yesterday) && minute < window.end)
  );
}

const MINUTE_MS = 60_000;
/** A window opens at least once a week; the search is by quarter hours, as all time zones' offsets are. */
const SEARCH_STEP_MS = 15 * MINUTE_MS;
const SEARCH_MS = 8 * 24 * 60 * MINUTE_MS;

/** When the next window opens: undefined where one is open now or none is set. */
export function nextOpening(windows: readonly Window[], now: number): number | undefined {
  const parsed = windows.map(parseWindow).filter(window => window !== undefined);
  if (parsed.length === 0 || parsed.some(window => isOpen(window, now))) return undefined;
  for (let at = now - (now % SEARCH_STEP_MS) + SEARCH_STEP_MS; at < now + SEARCH_MS; at += SEARCH_STEP_MS) {
    if (parsed.some(window => isOpen(window, at))) return at;
  }
  return now + SEARCH_MS;
}
