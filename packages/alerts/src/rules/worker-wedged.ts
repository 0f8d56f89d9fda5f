import { CALL_MAX_MS, type Facts, type Instance, type Settings } from '@nightshift/domain';
import { mayProgress, type Watched } from '../observation.ts';
import type { Rule } from '../rule.ts';

/**
 * A worker whose loop goes round without getting anywhere. Its beat is no excuse and its silence no
 * proof: it fires only while work was there to take and nothing in the way for `silentMs`, or once
 * a deadline that the worker itself declared has passed. Halted, draining, starting, an empty queue
 * or jobs that all wait on a gate never count; those are decided in `observation.ts`.
 */
export const workerWedged: Rule = {
  id: 'worker-wedged',
  severity: 'page',
  doc: 'The worker beats, has work it could take, and makes no progress.',
  openAfter: 1,
  resolveAfter: 2,
  evaluate(facts, settings, { observation }) {
    const life = facts.instances.find((it) => it.service === 'worker');
    const seen = observation.services.worker;
    if (life === undefined || life.stoppedAt !== null || seen?.instance !== life.id) return [];
    const detail = stuck(facts, life, seen, settings);
    if (detail === null) return [];
    return [
      {
        rule: workerWedged.id,
        key: `${workerWedged.id}:worker`,
        severity: workerWedged.severity,
        title: 'The worker makes no progress',
        detail: `${detail} (pid ${life.pid}, phase ${life.phase}, instance ${life.id}).`,
      },
    ];
  },
  unsure(facts, _settings, { observation }) {
    const life = facts.instances.find((it) => it.service === 'worker');
    if (life === undefined || !mayProgress(life, facts)) return [];
    return (observation.services.worker?.moves ?? 0) === 0 ? [`${workerWedged.id}:worker`] : [];
  },
};

function stuck(facts: Facts, life: Instance, seen: Watched, settings: Settings): string | null {
  const { silentMs } = settings.times;
  // Whatever deadline it declares and extends: nothing may stand still for longer than this.
  const hardCapMs = longestWorkMs(settings) + silentMs;
  const busy = life.phase === 'working' && facts.queue.running > 0;
  if (busy && life.inflightDeadline === null && seen.starvedMs < hardCapMs) return null;
  if (seen.starvedMs >= silentMs) {
    const waiting = `${facts.queue.queued} runnable jobs, the oldest for ${seconds(facts.queueLagMs)}`;
    return `No progress for ${seconds(seen.starvedMs)} with ${waiting}`;
  }
  const { inflightDeadline } = life;
  if (life.phase !== 'working' || inflightDeadline === null) return null;
  if (seen.stillMs >= hardCapMs) {
    return `Its ${life.inflightKind ?? 'call'} has shown nothing for ${seconds(seen.stillMs)}`;
  }
  if (seen.overdueMs < silentMs) return null;
  return `Its ${life.inflightKind ?? 'call'} is ${seconds(seen.overdueMs)} past its deadline`;
}

/** The longest that an attempt or a single call may take by configuration, ms. */
function longestWorkMs(settings: Settings): number {
  return Math.max(CALL_MAX_MS, ...settings.agents.map((agent) => agent.timeoutMs));
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1_000)} s`;
}
