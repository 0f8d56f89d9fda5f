import cronstrue from 'cronstrue';
import type { Schedule } from '@nightshift/domain';

const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
  ['millisecond', 1],
] as const;

/** A schedule in words, with its time zone: `At 06:00 (Europe/Berlin)`, `every 30 seconds`. */
export function describeSchedule(schedule: Omit<Schedule, 'agent'>): string {
  if (schedule.everyMs !== null) return `every ${span(schedule.everyMs)}`;
  const cron = schedule.cron ?? '';
  const words = cronstrue.toString(cron, { use24HourTimeFormat: true });
  const [, , dayOfMonth, , dayOfWeek] = cron.trim().split(/\s+/);
  // cron(8) takes either of the two, so a reader of crontabs has to be told.
  const both = dayOfMonth !== '*' && dayOfWeek !== '*' ? ', only where both days hold' : '';
  return `${words}${both} (${schedule.timezone})`;
}

function span(ms: number): string {
  const [name, size] = UNITS.find(([, unit]) => ms % unit === 0) ?? UNITS[4];
  const count = ms / size;
  return count === 1 ? name : `${count} ${name}s`;
}
