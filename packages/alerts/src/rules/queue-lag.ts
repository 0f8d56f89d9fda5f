import { duration } from '../message.ts';
import { isHalted } from '../observation.ts';
import { ruleId, type Rule } from '../rule.ts';

const id = ruleId('queue-lag');

/** Work that could run does not get its turn: too much of it, or a worker that takes none. */
export const queueLag: Rule = {
  id,
  severity: 'warn',
  doc: 'A job that could run has been waiting for its turn for long.',
  // A minute: a machine that wakes up finds everything late.
  openAfter: 30,
  resolveAfter: 2,
  evaluate(facts, settings) {
    const { afterMs } = settings.alerts.rules[id];
    if (isHalted(facts) || facts.queue.queued === 0 || facts.queueLagMs < afterMs) return [];
    return [
      {
        rule: id,
        key: id,
        severity: queueLag.severity,
        title: 'The queue does not keep up',
        detail:
          `The oldest of ${facts.queue.queued} runnable jobs has waited for ` +
          `${duration(facts.queueLagMs)}; ${facts.queue.running} run.`,
      },
    ];
  },
};
