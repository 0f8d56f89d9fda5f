import {
  DRILLS,
  EXIT,
  NightshiftError,
  type Clock,
  type DrillNote,
  type DrillRun,
  type DrillStore,
  type Json,
} from '@nightshift/domain';
import { appendAudit } from './audit.ts';
import type { Connection } from './connection.ts';
import type { Store } from './open.ts';
import { connectionOf } from './store-connection.ts';

/** Lines of evidence a run keeps in its row; all of them are in the audit. */
const NOTES_MAX = 100;

/**
 * Runs of drills. The newest run of each is one row of `meta`, so that a tick reads a few rows
 * however many drills there were; what was done and seen is in the audit, for ever.
 */
export function createDrillStore(store: Store): DrillStore {
  const { db, clock } = connectionOf(store);
  return {
    begin: (run) => db.write(() => begin(db, clock, run)),
    note: (id, note, detail = null) => db.write(() => addNote(db, clock, id, { note, detail })),
    end: (id, outcome) => db.write(() => end(db, clock, id, outcome)),
    get: (id) => db.read(() => newestRuns(db).find((it) => it.id === id) ?? null),
    newest: () => db.read(() => newestRuns(db)),
    allBegunSince: () => db.read(() => allBegunSince(db)),
  };
}

/** The newest run of each drill, for the caller's transaction. */
export function newestRuns(db: Connection): readonly DrillRun[] {
  return db.all<{ value: string }>(NEWEST).map((row) => JSON.parse(row.value) as DrillRun);
}

function allBegunSince(db: Connection): number {
  const runs = newestRuns(db);
  const installedAt = db.one<{ n: number }>(INSTALLED)?.n ?? 0;
  const begun = DRILLS.map((name) => runs.find((it) => it.name === name)?.startedAt ?? installedAt);
  return Math.min(...begun);
}

function begin(db: Connection, clock: Clock, run: Parameters<DrillStore['begin']>[0]): void {
  const now = clock.now();
  const runs = newestRuns(db);
  const other = runs.find((it) => it.outcome === 'running' && it.expiresAt > now);
  if (other !== undefined) throw running(other);
  const passedAt = runs.find((it) => it.name === run.name)?.passedAt ?? null;
  save(db, { ...run, passedAt, outcome: 'running', startedAt: now, endedAt: null, notes: [] });
  audit(db, now, run, 'drill.begin', { drill: run.name, expiresAt: run.expiresAt });
}

function addNote(
  db: Connection,
  clock: Clock,
  id: string,
  { note, detail }: { readonly note: string; readonly detail: Json },
): boolean {
  const run = runningRun(db, id);
  if (run === null) return false;
  const at = clock.now();
  const notes: readonly DrillNote[] = [...run.notes, { at, note }].slice(-NOTES_MAX);
  save(db, { ...run, notes });
  audit(db, at, run, 'drill.note', { drill: run.name, note, detail });
  return true;
}

function end(
  db: Connection,
  clock: Clock,
  id: string,
  outcome: Parameters<DrillStore['end']>[1],
): boolean {
  const run = runningRun(db, id);
  if (run === null) return false;
  const now = clock.now();
  const passedAt = outcome === 'passed' ? now : run.passedAt;
  save(db, { ...run, outcome, passedAt, endedAt: now });
  audit(db, now, run, 'drill.end', { drill: run.name, outcome });
  return true;
}

function runningRun(db: Connection, id: string): DrillRun | null {
  return newestRuns(db).find((it) => it.id === id && it.outcome === 'running') ?? null;
}

function audit(
  db: Connection,
  at: number,
  run: Pick<DrillRun, 'id' | 'by'>,
  action: string,
  detail: Json,
): void {
  appendAudit(db, at, { kind: 'person', name: run.by }, action, run.id, detail);
}

function save(db: Connection, run: DrillRun): void {
  db.run(SAVE, [`drill:${run.name}`, JSON.stringify(run)]);
}

function running(other: DrillRun): NightshiftError {
  return new NightshiftError('drill-running', `the drill ${other.name} is under way`, {
    at: other.id,
    fix: 'wait for it; should it have died, the watchdog undoes it at its time',
    retryable: true,
    exitCode: EXIT.tryAgain,
  });
}

const NEWEST = `SELECT value FROM meta WHERE name IN (${DRILLS.map((it) => `'drill:${it}'`).join(', ')})`;
const INSTALLED = `SELECT CAST(value AS INTEGER) AS n FROM meta WHERE name = 'created_at'`;
const SAVE = `
  INSERT INTO meta (name, value) VALUES (?, ?)
  ON CONFLICT (name) DO UPDATE SET value = excluded.value`;
