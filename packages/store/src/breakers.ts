import { closedBreaker, type Breaker, type BreakerStore, type Clock } from '@nightshift/domain';
import { appendAudit } from './audit.ts';
import type { Connection } from './connection.ts';
import { appendEvent } from './events.ts';

/**
 * Circuit breakers, one row an endpoint, shared by all processes. A breaker nobody has used has no
 * row and reads as closed. A write names the whole row it saw and changes nothing when any column
 * moved since, so that of two processes that saw the same cooled-down breaker one gets the probe.
 */
export function createBreakerStore(db: Connection, clock: Clock): BreakerStore {
  return {
    get: async (name) => db.read(() => readBreaker(db, name)),
    list: async () => db.read(() => listBreakers(db)),
    swap: async (seen, next) => {
      if (seen.name !== next.name) throw new TypeError(`${seen.name} cannot become ${next.name}`);
      return db.write(() => swap(db, seen, next, clock.now()));
    },
    reset: async (name, actor) =>
      db.write(() => {
        const now = clock.now();
        const seen = readBreaker(db, name);
        if (isUnused(seen)) return false;
        swap(db, seen, closedBreaker(name), now);
        const { state, failures, reason } = seen;
        appendAudit(db, now, actor, 'breaker.reset', name, { state, failures, reason });
        return true;
      }),
  };
}

/** All breakers that were ever used, by name. For use inside a transaction. */
export function listBreakers(db: Connection): Breaker[] {
  return db.all<Breaker>(`${SELECT} ORDER BY name`);
}

function readBreaker(db: Connection, name: string): Breaker {
  return db.one<Breaker>(`${SELECT} WHERE name = ?`, [name]) ?? closedBreaker(name);
}

function swap(db: Connection, seen: Breaker, next: Breaker, now: number): boolean {
  const changed = db.run(UPDATE, { ...next, ...prefixed(seen) });
  if (changed !== 1 && !(isUnused(seen) && db.run(INSERT, { ...next }) === 1)) return false;
  if (seen.state !== next.state) {
    const { reason, nextProbeAt } = next;
    const data = { from: seen.state, to: next.state, reason, nextProbeAt };
    appendEvent(db, now, 'breaker.changed', next.name, data);
  }
  return true;
}

/** As a breaker without a row reads: there is nothing to close. */
function isUnused(b: Breaker): boolean {
  return JSON.stringify(columns(b)) === JSON.stringify(columns(closedBreaker(b.name)));
}

type Column = string | number | null;

function columns(b: Breaker): Column[] {
  return [b.state, b.failures, b.openings, b.openedAt, b.nextProbeAt, b.probeOwner, b.reason];
}

function prefixed(seen: Breaker): Record<string, Column> {
  return {
    seenState: seen.state,
    seenFailures: seen.failures,
    seenOpenings: seen.openings,
    seenOpenedAt: seen.openedAt,
    seenNextProbeAt: seen.nextProbeAt,
    seenProbeOwner: seen.probeOwner,
    seenReason: seen.reason,
  };
}

const SELECT = `
  SELECT name, state, failures, openings, opened_at AS openedAt, next_probe_at AS nextProbeAt,
         probe_owner AS probeOwner, reason
  FROM breakers`;

// IS, not =: most of these are null most of the time.
const UPDATE = `
  UPDATE breakers
  SET state = :state, failures = :failures, openings = :openings, opened_at = :openedAt,
      next_probe_at = :nextProbeAt, probe_owner = :probeOwner, reason = :reason,
      version = version + 1
  WHERE name = :name AND state = :seenState AND failures = :seenFailures
    AND openings = :seenOpenings AND opened_at IS :seenOpenedAt
    AND next_probe_at IS :seenNextProbeAt AND probe_owner IS :seenProbeOwner
    AND reason IS :seenReason`;

const INSERT = `
  INSERT INTO breakers (name, state, failures, openings, opened_at, next_probe_at, probe_owner,
                        reason)
  VALUES (:name, :state, :failures, :openings, :openedAt, :nextProbeAt, :probeOwner, :reason)
  ON CONFLICT DO NOTHING`;
