import type { Actor, Clock, ControlStore, HaltState } from '@nightshift/domain';
import { actorName, appendAudit } from './audit.ts';
import type { Connection } from './connection.ts';
import { appendEvent } from './events.ts';

/** The halt row and paused agents; each order leaves an audit row, also one that changed nothing. */
export function createControlStore(db: Connection, clock: Clock): ControlStore {
  return {
    halt: (reason, actor) => db.write(() => halt(db, clock.now(), reason, actor)),
    resume: (actor, reason) => db.write(() => resume(db, clock.now(), actor, reason)),
    lastResume: () => db.read(() => db.one<{ at: number; who: string }>(LAST_RESUME) ?? null),
    read: () => db.look(() => readHalt(db)),
    pauseAgent: (agent, actor) => db.write(() => pause(db, clock.now(), agent, actor)),
    resumeAgent: (agent, actor) => db.write(() => unpause(db, clock.now(), agent, actor)),
    pausedAgents: () => db.look(() => pausedAgents(db)),
  };
}

/** The first halt stands: who stopped everything first, when and why, is what a person asks. */
function halt(db: Connection, at: number, reason: string, actor: Actor): HaltState {
  const who = actorName(actor);
  const changed = db.run(
    `UPDATE control SET halted = 1, reason = :reason, who = :who, at = :at
     WHERE id = 1 AND halted = 0`,
    { reason, who, at },
  );
  if (changed === 1) appendEvent(db, at, 'control.halted', null, { reason, who });
  appendAudit(db, at, actor, 'halt', null, { reason, already: changed === 0 });
  return readHalt(db);
}

function resume(db: Connection, at: number, actor: Actor, reason: string | null = null): HaltState {
  const changed = db.run(
    `UPDATE control SET halted = 0, reason = NULL, who = NULL, at = NULL
     WHERE id = 1 AND halted = 1 AND (:reason IS NULL OR reason = :reason)`,
    { reason },
  );
  if (changed === 1) appendEvent(db, at, 'control.resumed', null, { who: actorName(actor) });
  appendAudit(db, at, actor, 'resume', null, { already: changed === 0 });
  return readHalt(db);
}

/** The halt row, for the caller's transaction. */
export function readHalt(db: Connection): HaltState {
  const row = db.one<Omit<HaltState, 'halted'> & { halted: 0 | 1 }>(
    'SELECT halted, reason, who, at FROM control WHERE id = 1',
  )!;
  return { ...row, halted: row.halted === 1 };
}

function pause(db: Connection, at: number, agent: string, actor: Actor): void {
  const changed = db.run(
    `INSERT INTO agents (name, paused, paused_at) VALUES (:agent, 1, :at)
     ON CONFLICT (name) DO UPDATE SET paused = 1, paused_at = excluded.paused_at
     WHERE paused = 0`,
    { agent, at },
  );
  if (changed === 1) appendEvent(db, at, 'agent.paused', agent, { who: actorName(actor) });
  appendAudit(db, at, actor, 'agent.pause', agent, { already: changed === 0 });
}

function unpause(db: Connection, at: number, agent: string, actor: Actor): void {
  const changed = db.run(
    'UPDATE agents SET paused = 0, paused_at = NULL WHERE name = ? AND paused = 1',
    [agent],
  );
  if (changed === 1) appendEvent(db, at, 'agent.resumed', agent, { who: actorName(actor) });
  appendAudit(db, at, actor, 'agent.resume', agent, { already: changed === 0 });
}

function pausedAgents(db: Connection): readonly string[] {
  const sql = 'SELECT name FROM agents WHERE paused = 1 ORDER BY name';
  return db.all<{ name: string }>(sql).map((it) => it.name);
}

// Asked only when a halt has just ended, so the row is among the newest.
const LAST_RESUME = `
  SELECT at, actor AS who FROM audit WHERE action = 'resume' ORDER BY id DESC LIMIT 1`;
