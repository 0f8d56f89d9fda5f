import type { Clock, Pruned, PrunedKind, RetentionSettings } from '@nightshift/domain';
import type { RetentionStore } from '@nightshift/domain';
import type { Connection } from './connection.ts';
import { appendEvent } from './events.ts';
import { drafts } from './retention/drafts.ts';
import { deadJobs, finishedJobs } from './retention/jobs.ts';
import { lives } from './retention/lives.ts';
import { reports } from './retention/reports.ts';
import type { Rule } from './retention/rule.ts';
import { slots } from './retention/slots.ts';
import { spendRows, windows } from './retention/spend.ts';
import { auditRows, eventRows } from './retention/streams.ts';

/** In this order: a call is folded after its job is gone, a window after its calls are. */
const RULES: readonly (readonly [PrunedKind, keyof RetentionSettings, Rule])[] = [
  ['jobs', 'jobsMs', finishedJobs],
  ['jobs', 'deadLettersMs', deadJobs],
  ['spend', 'spendMs', spendRows],
  ['windows', 'spendMs', windows],
  ['slots', 'slotsMs', slots],
  ['reports', 'reportsMs', reports],
  ['drafts', 'draftsMs', drafts],
  ['events', 'eventsMs', eventRows],
  ['audit', 'auditMs', auditRows],
  ['instances', 'instancesMs', lives],
];

/**
 * Retention and the write-ahead log.
 *
 * Details go when they are old enough, in transactions of at most `limit` rows, one a kind, so that
 * nobody waits long behind one. What they add up to stays: `job_keys` says how each pruned job
 * ended; `spend_days` and the folded part of each window keep totals and `verify` exact to the
 * nano-dollar; `slot_days` counts slots, and `slot_marks` keeps a folded slot from being decided
 * again. Each transaction that removed something says so in the event stream.
 *
 * The file does not shrink: its free pages are used again, so it stays at the largest it ever was.
 */
export function createRetentionStore(db: Connection, clock: Clock): RetentionStore {
  return {
    prune: (ages, limit) => prune(db, clock, ages, limit),
    checkpoint: () => db.checkpoint(),
  };
}

async function prune(
  db: Connection,
  clock: Clock,
  ages: RetentionSettings,
  limit: number,
): Promise<Pruned> {
  const removed = { ...NOTHING };
  let more = false;
  for (const [kind, age, rule] of RULES) {
    const before = clock.now() - ages[age];
    const count = await apply(db, clock, kind, rule, before, limit);
    removed[kind] += count;
    more ||= count >= limit;
  }
  return { removed, more };
}

/** The first look takes no lock: on most passes there is nothing to remove. */
async function apply(
  db: Connection,
  clock: Clock,
  kind: PrunedKind,
  rule: Rule,
  before: number,
  limit: number,
): Promise<number> {
  if ((await db.read(() => rule.find(db, before, limit))).length === 0) return 0;
  return db.write(() => {
    const found = rule.find(db, before, limit);
    if (found.length === 0) return 0;
    const now = clock.now();
    rule.remove(db, JSON.stringify(found), now);
    appendEvent(db, now, 'retention.pruned', kind, { count: found.length, before });
    return found.length;
  });
}

const NOTHING: Readonly<Record<PrunedKind, number>> = {
  jobs: 0,
  spend: 0,
  windows: 0,
  slots: 0,
  reports: 0,
  drafts: 0,
  events: 0,
  audit: 0,
  instances: 0,
};
