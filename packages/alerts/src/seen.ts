/**
 * How far a growing list was read. Rows are stamped before they are committed, and clocks step, so
 * a plain "newer than" would lose some: the cursor always asks for a little more than it knows, and
 * drops what it told already by id.
 */
export interface Seen {
  /** Newest moment told, epoch ms. */
  readonly at: number;
  /** Names of what was told last, oldest first. */
  readonly told: readonly string[];
}

/** Longest time between the stamp of a row and its commit, with a wide margin. */
const OVERLAP_MS = 60_000;

/** As many rows as a read gives at most. */
const PAGE_ROWS = 50;

/** Names kept: by far more than can come within the overlap at 50 a tick that are ever read. */
const TOLD_KEPT = 500;

/** One row of such a list. */
export interface SeenRow {
  readonly name: string;
  readonly at: number;
}

/** A cursor that has told nothing and looks back `ms` before `now`. */
export function seenSince(now: number, ms: number): Seen {
  return { at: now - ms, told: [] };
}

/** From where to ask, epoch ms. After a clock step back that is before the step, too. */
export function askSince(seen: Seen, now: number): number {
  return Math.max(0, Math.min(seen.at, now) - OVERLAP_MS);
}

/** Rows that were not told yet. */
export function unseen<Row extends SeenRow>(seen: Seen, rows: readonly Row[]): Row[] {
  const told = new Set(seen.told);
  return rows.filter((row) => !told.has(row.name));
}

/**
 * The cursor after the `fresh` ones of a page were told. A whole page without anything fresh is
 * stepped over, or a burst would hide what comes after it for ever.
 */
export function afterTelling(
  seen: Seen,
  page: readonly SeenRow[],
  fresh: readonly SeenRow[],
  now: number,
): Seen {
  if (fresh.length > 0) {
    const at = Math.max(Math.min(seen.at, now), ...fresh.map((row) => row.at));
    return { at, told: [...seen.told, ...fresh.map((row) => row.name)].slice(-TOLD_KEPT) };
  }
  const last = page.at(-1);
  if (last === undefined || page.length < PAGE_ROWS || seen.at >= last.at + OVERLAP_MS) return seen;
  return { ...seen, at: last.at + OVERLAP_MS };
}

/** A cursor as text for the watchdog's memory. */
export function seenText(seen: Seen): string {
  return JSON.stringify(seen);
}

/** A cursor from text; null when it is not one. */
export function parseSeen(text: string | null): Seen | null {
  if (text === null) return null;
  try {
    const value = JSON.parse(text) as Partial<Seen> | null;
    return typeof value?.at === 'number' && Array.isArray(value.told) ? (value as Seen) : null;
  } catch {
    return null;
  }
}
