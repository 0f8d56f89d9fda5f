import {
  slotKey,
  type AuditRow,
  type Budget,
  type Json,
  type JobState,
  type Nusd,
  type ServiceName,
  type SlotRow,
} from '@nightshift/domain';
import type { Connection } from '../connection.ts';
import type { Store } from '../open.ts';
import { connectionOf } from '../store-connection.ts';

/** What the shared database knows of a span of nights. All times are epoch ms. */
export interface NightFacts {
  /** The operator's, as the newest configuration set it. */
  readonly timezone: string;
  /** Slots that were due, oldest first, with what their jobs are now; null where there is none. */
  readonly slots: readonly DueSlot[];
  readonly lives: readonly ServiceLife[];
  /** Silences of lives that went on afterwards. */
  readonly gaps: readonly Silence[];
  /** Caps of a day as they are, and each change of them with what they were. */
  readonly caps: readonly Budget[];
  readonly capChanges: readonly {
    readonly at: number;
    readonly before: readonly Budget[] | null;
  }[];
  readonly dayWindows: readonly DayWindow[];
  readonly dead: readonly { readonly job: string; readonly agent: string; readonly at: number }[];
  /** What people and services ordered, oldest first. */
  readonly audit: readonly AuditRow[];
  /** Before these moments rows may have been pruned; 0 where none was. */
  readonly slotsKeptFrom: number;
  readonly eventsKeptFrom: number;
}

/** A decided slot, or a range of them that was skipped as a whole and ends with `scheduledFor`. */
export interface DueSlot extends SlotRow {
  readonly rangeFrom: number | null;
  readonly jobState: JobState | null;
}

export interface ServiceLife {
  readonly id: string;
  readonly service: ServiceName;
  readonly startedAt: number;
  /** Its stop, or its newest beat. */
  readonly lastAt: number;
  /** It said goodbye: false for one that was killed, and for one that runs. */
  readonly stopped: boolean;
}

export interface Silence {
  readonly service: ServiceName;
  readonly fromAt: number;
  readonly untilAt: number;
}

export interface DayWindow {
  readonly scope: string;
  /** The operator's day, as `2026-11-22`. */
  readonly key: string;
  readonly committedNusd: Nusd;
  readonly raisedNusd: Nusd;
}

/**
 * Everything that was written down about the time since `sinceAt`, for the judgement of whole days.
 * Each part is a short read of its own. Walks events and audit once; meant for a person's question.
 * @throws NightshiftError when the database cannot be read
 */
export async function readNightFacts(store: Store, sinceAt: number): Promise<NightFacts> {
  const { db } = connectionOf(store);
  const { timezone } = (await db.read(() => db.one<{ timezone: string }>(TIMEZONE)))!;
  const since = [sinceAt];
  return {
    timezone,
    slots: await db.read(() => slotsSince(db, sinceAt)),
    lives: await db.read(() => db.all<RawLife>(LIVES, { since: sinceAt }).map(toLife)),
    gaps: await db.read(() => gapsSince(db, sinceAt)),
    caps: await db.read(() => db.all<Budget>(CAPS)),
    capChanges: await db.read(() => capChangesSince(db, sinceAt)),
    dayWindows: await db.read(() => db.all<DayWindow>(DAY_WINDOWS, since)),
    dead: await db.read(() => db.all<NightFacts['dead'][number]>(DEAD, since)),
    audit: await db.read(() => db.all<RawAudit>(AUDIT, since).map(toAudit)),
    slotsKeptFrom: await db.read(() => db.one<{ at: number }>(SLOTS_KEPT)!.at),
    eventsKeptFrom: await db.read(() => db.one<{ at: number }>(EVENTS_KEPT)!.at),
  };
}

/** A job that was pruned has left how it ended beside its key. */
function slotsSince(db: Connection, sinceAt: number): readonly DueSlot[] {
  return db.all<DueSlot>(SLOTS, [sinceAt]).map((row) => {
    if (row.job === null || row.jobState !== null) return row;
    const key = slotKey(row.agent, row.scheduledFor);
    const kept = db.one<{ ended: JobState | null }>(ENDED, [key]);
    return { ...row, jobState: kept?.ended ?? null };
  });
}

function gapsSince(db: Connection, sinceAt: number): readonly Silence[] {
  return db.all<RawEvent>(GAPS, [sinceAt]).map(({ at, data }) => {
    const { service, fromAt } = JSON.parse(data) as { service: ServiceName; fromAt: number };
    return { service, fromAt, untilAt: at };
  });
}

function capChangesSince(db: Connection, sinceAt: number): NightFacts['capChanges'] {
  return db.all<RawEvent>(CAP_CHANGES, [sinceAt]).map(({ at, data }) => {
    // Databases of an older version have events that do not say what the caps were.
    const { before = null } = JSON.parse(data) as { before?: readonly Budget[] };
    return { at, before };
  });
}

interface RawEvent {
  readonly at: number;
  readonly data: string;
}

interface RawLife extends Omit<ServiceLife, 'stopped'> {
  readonly stopped: 0 | 1;
}

function toLife(row: RawLife): ServiceLife {
  return { ...row, stopped: row.stopped === 1 };
}

interface RawAudit extends Omit<AuditRow, 'detail'> {
  readonly detail: string;
}

function toAudit(row: RawAudit): AuditRow {
  return { ...row, detail: JSON.parse(row.detail) as Json };
}

const TIMEZONE = 'SELECT timezone FROM control WHERE id = 1';

const SLOTS = `
  SELECT s.agent, s.scheduled_for AS scheduledFor, s.status, s.reason, s.count,
         s.range_from AS rangeFrom, s.job, s.decided_at AS decidedAt, j.state AS jobState
  FROM slots s LEFT JOIN jobs j ON j.id = s.job
  WHERE s.scheduled_for >= ? ORDER BY s.scheduled_for, s.agent`;

const ENDED = 'SELECT ended FROM job_keys WHERE key = ?';

// The life before the span is needed too: a restart is a start that has one before it.
const LIVES = `
  SELECT id, service, started_at AS startedAt, coalesce(stopped_at, beat_at) AS lastAt,
         stopped_at IS NOT NULL AS stopped
  FROM instances i
  WHERE coalesce(stopped_at, beat_at) >= :since
     OR rowid = (SELECT max(n.rowid) FROM instances n
                 WHERE n.service = i.service AND coalesce(n.stopped_at, n.beat_at) < :since)
  ORDER BY started_at, rowid`;

const GAPS = `SELECT at, data FROM events WHERE kind = 'instance.gap' AND at >= ? ORDER BY id`;

const CAP_CHANGES = `
  SELECT at, data FROM events WHERE kind = 'budgets.replaced' AND at >= ? ORDER BY id`;

const CAPS = `
  SELECT scope, window, cap_nusd AS capNusd FROM budgets WHERE window = 'day' ORDER BY scope`;

// A window is opened by its first call, which may come from a day ahead of the clock: the margin.
const DAY_WINDOWS = `
  SELECT scope, key, settled_nusd + held_nusd + presumed_nusd AS committedNusd,
         raised_nusd AS raisedNusd
  FROM budget_windows WHERE window = 'day' AND opened_at >= ? - 172800000
  ORDER BY key, scope <> 'global', scope`;

const DEAD = `
  SELECT id AS job, agent, finished_at AS at FROM jobs
  WHERE state = 'dead' AND finished_at >= ? ORDER BY finished_at, id`;

const AUDIT = 'SELECT * FROM audit WHERE at >= ? ORDER BY id';

const SLOTS_KEPT = 'SELECT coalesce(max(folded_until), 0) AS at FROM slot_marks';

// Ids count from 1 and the oldest go first: as long as the first is there, all are.
const EVENTS_KEPT = `
  SELECT coalesce((SELECT CASE id WHEN 1 THEN 0 ELSE at END FROM events ORDER BY id LIMIT 1), 0)
    AS at`;
