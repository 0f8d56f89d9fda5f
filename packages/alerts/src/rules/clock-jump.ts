import type { Finding } from '@nightshift/domain';
import { duration } from '../message.ts';
import { ruleId, type Rule } from '../rule.ts';

const id = ruleId('clock-jump');

/**
 * Somebody set the clock. The ledger never goes back, so the day may stand still; schedules may
 * have been passed over. A sleep is no jump: the machine's own uptime explains it.
 */
export const clockJump: Rule = {
  id,
  severity: 'warn',
  doc: 'The clock was set, by more than the uptime of the machine explains.',
  // A minute: a step that is taken back at once is nobody's business.
  openAfter: 30,
  resolveAfter: 2,
  evaluate(facts, settings, { observation }) {
    const { afterMs } = settings.alerts.rules[id];
    const out: Finding[] = [];
    const find = (what: string, detail: string): void => {
      const title = 'The clock has jumped';
      out.push({ rule: id, key: `${id}:${what}`, severity: clockJump.severity, title, detail });
    };
    const behindMs = facts.highAt - facts.now;
    if (behindMs >= afterMs) {
      const detail =
        `It is ${duration(behindMs)} behind the last moment at which a call was paid for; ` +
        'budget windows stay where they were.';
      find('behind', detail);
    }
    const { step } = observation;
    if (step !== null && Math.abs(step.byMs) >= afterMs) {
      const way = step.byMs > 0 ? 'ahead' : 'back';
      find('step', `It was set ${way} by ${duration(Math.abs(step.byMs))}.`);
    }
    return out;
  },
};
