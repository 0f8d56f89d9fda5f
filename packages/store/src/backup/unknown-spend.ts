import { windowEnd, windowKeys, type Budget, type Nusd } from '@nightshift/domain';

/** A window with what its row says; windows without a row have spent nothing that is known. */
export interface KnownWindow {
  readonly scope: string;
  readonly window: string;
  readonly key: string;
  /** Settled, held and presumed together. */
  readonly spentNusd: Nusd;
  /** What a person added to its cap. */
  readonly raisedNusd: Nusd;
}

/** What a window of the present is charged with, although no row explains it. */
export interface Charge {
  readonly scope: string;
  readonly window: Span;
  readonly key: string;
  readonly nusd: Nusd;
}

type Span = 'hour' | 'day' | 'month';

export interface Gap {
  /** When the backup was made, and now; epoch ms. */
  readonly from: number;
  readonly to: number;
  readonly timezone: string;
  readonly caps: readonly Budget[];
  readonly known: readonly KnownWindow[];
}

const SMALLER: Readonly<Record<Span, Span | null>> = { hour: null, day: 'hour', month: 'day' };

/** No window of a kind is longer: where to begin looking at what lies inside it. */
const LONGEST_MS: Readonly<Record<Span, number>> = {
  hour: 3_600_000,
  day: 26 * 3_600_000,
  month: 32 * 24 * 3_600_000,
};

/**
 * The most that the ledger can have admitted between a backup and now, for every window that counts
 * now. What was spent in that time is forgotten, so it is taken to be all that was possible:
 *
 * - a window cannot have admitted more than was left of its cap when the backup was made, or its
 *   whole cap where it opened later;
 * - nor more than the windows inside it together: a month that is restored three days later has at
 *   most three days' caps more;
 * - nor can an agent have spent more than everybody together.
 *
 * So the cap of a day that has begun is never opened again, and a month is not lost for a day.
 */
export function unknownSpend(gap: Gap): readonly Charge[] {
  const keys = windowKeys(gap.to, gap.timezone);
  return gap.caps.flatMap(({ scope, window }) => {
    if (window !== 'hour' && window !== 'day' && window !== 'month') return [];
    const own = admitted(gap, scope, window, gap.to);
    const nusd = scope === 'global' ? own : Math.min(own, admitted(gap, 'global', window, gap.to));
    return nusd > 0 ? [{ scope, window, key: keys[window], nusd }] : [];
  });
}

/** The most that the window of `scope` around `at` can have admitted in the gap until `at`. */
function admitted(gap: Gap, scope: string, span: Span, at: number): number {
  const inner = SMALLER[span];
  const within = inner === null ? Infinity : insideOf(gap, scope, span, inner, at);
  const cap = capOf(gap, scope, span);
  if (cap === undefined) return within;
  const key = windowKeys(at, gap.timezone)[span];
  const row = gap.known.find((w) => w.scope === scope && w.window === span && w.key === key);
  const left = cap + (row?.raisedNusd ?? 0) - (row?.spentNusd ?? 0);
  return Math.min(Math.max(0, left), within);
}

/** The day of everybody always counts: without a budget its cap is nothing. */
function capOf(gap: Gap, scope: string, span: Span): number | undefined {
  const budget = gap.caps.find((it) => it.scope === scope && it.window === span);
  return budget?.capNusd ?? (scope === 'global' && span === 'day' ? 0 : undefined);
}

/** The sum over the inner windows that lie in the gap and in the outer window around `at`. */
function insideOf(gap: Gap, scope: string, outer: Span, inner: Span, at: number): number {
  const { timezone } = gap;
  const key = windowKeys(at, timezone)[outer];
  let sum = 0;
  for (let t = Math.max(gap.from, at - LONGEST_MS[outer]); t <= at;) {
    const end = windowEnd(inner, t, timezone);
    const inside = windowKeys(t, timezone)[outer] === key;
    if (inside) sum += admitted(gap, scope, inner, Math.min(end - 1, at));
    if (sum === Infinity) return sum;
    t = end;
  }
  return sum;
}
