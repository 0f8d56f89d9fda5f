import { sanitiseLine } from '@nightshift/domain';
import type { LogLine } from '@nightshift/operate';
import type { Paint, Tone } from './style.ts';

const TONES: Readonly<Record<LogLine['level'], Tone>> = {
  debug: 'dim',
  info: 'plain',
  warn: 'warn',
  error: 'bad',
};
const LINE_MAX = 2_000;

/** A log line for a person. Sanitised again: the file may have been written by anybody. */
export function logText(line: LogLine, paint: Paint): string {
  const time = new Date(line.time).toISOString().slice(0, 23).replace('T', ' ');
  const about = [
    line.agent === null ? null : `agent=${line.agent}`,
    line.job === null ? null : `job=${line.job}`,
    ...Object.entries(line.fields).map(([name, value]) => `${name}=${JSON.stringify(value)}`),
  ].filter((it) => it !== null);
  const head = `${paint('dim', time)} ${line.service.padEnd(9)}`;
  const level = paint(TONES[line.level], line.level.padEnd(5));
  const text = sanitiseLine(`${line.event}: ${line.msg}`, LINE_MAX);
  const rest = about.length === 0 ? '' : `  ${sanitiseLine(about.join(' '), LINE_MAX)}`;
  return `${head} ${level} ${text}${paint('dim', rest)}`;
}
