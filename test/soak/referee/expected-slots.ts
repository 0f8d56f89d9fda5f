/*
 * Which moments a schedule names, worked out a second time and in another way: every minute is
 * asked, with the calendar of `Intl`. Only what the agents of the runs use: numbers, `*`, `*` with
 * a step, ranges.
 */

const MINUTE_MS = 60_000;
const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 };

/** `10m` in ms. */
export function durationMs(text: string): number {
  const match = /^(\d+)(ms|s|m|h)$/.exec(text);
  if (match === null) throw new Error(`${text} is no duration the referee knows`);
  return Number(match[1]) * (match[2] === 'ms' ? 1 : UNIT_MS[match[2]!]!);
}

interface Local {
  readonly minute: number;
  readonly hour: number;
  readonly day: number;
  readonly month: number;
  readonly weekday: number;
}

const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

/** The local calendar of a zone. */
export function localOf(timezone: string): (at: number) => Local & { readonly date: string } {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: timezone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    weekday: 'short',
  });
  return (at) => {
    const parts = new Map(format.formatToParts(at).map(({ type, value }) => [type, value]));
    const get = (type: Intl.DateTimeFormatPartTypes): number => Number(parts.get(type));
    return {
      minute: get('minute'),
      hour: get('hour'),
      day: get('day'),
      month: get('month'),
      weekday: WEEKDAYS.indexOf(parts.get('weekday') ?? ''),
      date: `${parts.get('year')}-${parts.get('month')}-${parts.get('day')}`,
    };
  };
}

/** Slots in (from, to] of five fields in a zone. */
export function cronSlots(cron: string, timezone: string, from: number, to: number): number[] {
  const fields = cron.split(' ').map(matcher);
  const [minute, hour, day, month, weekday] = fields as [Match, Match, Match, Match, Match];
  const everyHour = cron.split(' ')[1] === '*';
  const local = localOf(timezone);
  const slots: number[] = [];
  const names = new Set<string>();
  for (let at = Math.floor(from / MINUTE_MS + 1) * MINUTE_MS; at <= to; at += MINUTE_MS) {
    const it = local(at);
    if (!minute(it.minute) || !hour(it.hour) || !day(it.day) || !month(it.month)) continue;
    if (!weekday(it.weekday)) continue;
    // A local time that comes twice counts once, in the first pass, unless every hour does.
    const name = `${it.date} ${it.hour}:${it.minute}`;
    const again = names.has(name) || isSecondPass(at, local);
    names.add(name);
    if (everyHour || !again) slots.push(at);
  }
  return slots;
}

/** The same local time was an hour ago already. */
function isSecondPass(at: number, local: ReturnType<typeof localOf>): boolean {
  const [now, before] = [local(at), local(at - 60 * MINUTE_MS)];
  return now.hour === before.hour && now.minute === before.minute && now.date === before.date;
}

type Match = (value: number) => boolean;

function matcher(field: string): Match {
  if (field === '*') return () => true;
  const step = /^\*\/(\d+)$/.exec(field);
  if (step !== null) return (value) => value % Number(step[1]) === 0;
  const range = /^(\d+)-(\d+)$/.exec(field);
  if (range !== null) return (value) => value >= Number(range[1]) && value <= Number(range[2]);
  return (value) => value === Number(field);
}

/** Points of a fixed grid in (from, to]. */
export function gridSlots(everyMs: number, from: number, to: number): number[] {
  const slots: number[] = [];
  for (let at = (Math.floor(from / everyMs) + 1) * everyMs; at <= to; at += everyMs) slots.push(at);
  return slots;
}
