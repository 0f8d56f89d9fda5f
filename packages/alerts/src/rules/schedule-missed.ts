import { sanitiseLine } from '@nightshift/domain';
import { duration } from '../message.ts';
import { isHalted } from '../observation.ts';
import { ruleId, type Rule } from '../rule.ts';

const id = ruleId('schedule-missed');

/**
 * The scheduler lives and does not decide. It moves each cursor at least once a minute, with or
 * without a slot, so a cursor that lags is a schedule nobody looks at.
 */
export const scheduleMissed: Rule = {
  id,
  severity: 'page',
  doc: 'The slots of a schedule are not decided any more, although nothing is halted.',
  // A minute: after a long sleep the scheduler has everything to catch up with.
  openAfter: 30,
  resolveAfter: 2,
  evaluate(facts, settings) {
    if (isHalted(facts)) return [];
    const known = new Set(
      settings.agents.filter((it) => it.schedule !== null).map(({ name }) => name),
    );
    const { afterMs } = settings.alerts.rules[id];
    return facts.schedules
      .filter((it) => known.has(it.agent) && facts.now - it.cursorAt >= afterMs)
      .map((it) => ({
        rule: id,
        key: `${id}:${it.agent}`,
        severity: scheduleMissed.severity,
        title: sanitiseLine(`The schedule of ${it.agent} is not looked at`),
        detail: `Its slots were last decided ${duration(facts.now - it.cursorAt)} ago.`,
      }));
  },
};
