import { didYouMean } from './did-you-mean.ts';
import { WrongValue } from './mistakes.ts';
import { string } from './values.ts';

/** Names of common schedules, as in crontab(5). */
const ALIASES: Readonly<Record<string, string>> = {
  '@hourly': '0 * * * *',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@weekly': '0 0 * * 0',
  '@monthly': '0 0 1 * *',
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
};

/**
 * A schedule as five cron fields, aliases expanded. The fields themselves are checked by whoever
 * knows the cron dialect (`checkCron` of the parse options).
 */
export function schedule(value: unknown): string {
  const text = string(value, 'a schedule such as "0 6 * * *"').trim();
  if (text.startsWith('@')) return alias(text);
  const fields = text.split(/\s+/);
  if (fields.length !== 5) {
    throw new WrongValue(
      `${JSON.stringify(text)} has ${fields.length} fields, not 5: minute hour day month weekday`,
    );
  }
  return fields.join(' ');
}

function alias(text: string): string {
  const cron = ALIASES[text.toLowerCase()];
  if (cron !== undefined) return cron;
  const meant = didYouMean(text, Object.keys(ALIASES));
  const hint =
    meant === null ? `use ${Object.keys(ALIASES).join(', ')}` : `did you mean "${meant}"?`;
  throw new WrongValue(`${JSON.stringify(text)} is not a schedule: ${hint}`);
}
