import type { AgentSettings, BudgetScope, Settings } from '@nightshift/domain';
import { dollars } from './dollars.ts';
import { span } from './time.ts';

/** `0 6 * * *`, `every 30 s`, or `by hand`. */
export function scheduleText({ schedule }: Pick<AgentSettings, 'schedule'>): string {
  if (schedule === null) return 'by hand';
  return schedule.kind === 'cron' ? schedule.cron : `every ${span(schedule.everyMs)}`;
}

/** `$1.00 a day, $0.50 an hour`: the caps of one scope. */
export function capText(settings: Pick<Settings, 'budgets'>, scope: BudgetScope): string {
  const own = settings.budgets.filter((it) => it.scope === scope);
  if (own.length === 0) return scope === 'global' ? '$0.00 a day' : 'as all';
  const words = { call: 'a call', job: 'a job', hour: 'an hour', day: 'a day', month: 'a month' };
  return own.map((it) => `${dollars(it.capNusd)} ${words[it.window]}`).join(', ');
}
