import type { z } from 'zod';
import { DEFAULT_RULES, type RuleSettings } from '@nightshift/domain';
import { closed, leaf, oneOf } from './schema.ts';
import { count, duration, number } from './values.ts';

const after = (min: string, max: string) =>
  closed({ after: leaf(duration(min, max)).optional() }).optional();
const halt = oneOf(['none', 'agent', 'all']).optional();

/** `alerts.rules`: what the rules compare with, by the id of the rule. Everything may be left out. */
export const rulesSchema = closed({
  'job-overdue': after('10s', '24h'),
  'schedule-missed': after('2m', '24h'),
  'spend-window': closed({ halt }).optional(),
  'spend-rate': closed({ factor: leaf(number(1.5, 1_000)).optional(), halt }).optional(),
  'estimate-breached': closed({ halt }).optional(),
  'dlq-growing': closed({ perHour: leaf(count(1, 100_000)).optional() }).optional(),
  'queue-lag': after('1m', '7d'),
  'holds-leaking': after('1m', '7d'),
  'disk-low': closed({
    freeMb: leaf(count(0, 10_000_000)).optional(),
    freeInodes: leaf(count(0, 1_000_000_000)).optional(),
    walMb: leaf(count(65, 100_000)).optional(),
  }).optional(),
  'crash-loop': closed({ starts: leaf(count(2, 10_000)).optional() }).optional(),
  'clock-jump': after('1m', '7d'),
  'cap-waits': closed({ jobs: leaf(count(1, 1_000_000)).optional() }).optional(),
  'egress-denied': closed({ perDay: leaf(count(1, 1_000_000)).optional() }).optional(),
  'drafts-waiting': after('1m', '30d'),
  'drill-overdue': after('1d', '3660d'),
  'halted-long': after('1m', '3660d'),
});

/** The rules with what was given over the defaults. */
export function rulesOf(given: z.output<typeof rulesSchema>): RuleSettings {
  const timed = Object.entries(DEFAULT_RULES).map(([id, defaults]) => {
    const own = Object.entries(given[id as keyof RuleSettings] ?? {})
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => [key === 'after' ? 'afterMs' : key, value]);
    return [id, { ...defaults, ...Object.fromEntries(own) }];
  });
  return Object.fromEntries(timed) as RuleSettings;
}
