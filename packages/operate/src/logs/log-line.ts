import type { Json, LogLevel } from '@nightshift/domain';

/** Levels from the quietest up. */
export const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

/** One line of a service's log. */
export interface LogLine {
  readonly time: number;
  readonly level: LogLevel;
  readonly service: string;
  readonly instance: string;
  readonly event: string;
  readonly msg: string;
  readonly job: string | null;
  readonly attempt: number | null;
  readonly agent: string | null;
  /** Whatever else the line says. */
  readonly fields: { readonly [key: string]: Json };
}

/** Reads a JSON line; null for a torn one, an empty one, or somebody else's. */
export function parseLogLine(text: string): LogLine | null {
  if (!text.startsWith('{')) return null;
  let row: { [key: string]: Json };
  try {
    row = JSON.parse(text) as { [key: string]: Json };
  } catch {
    return null;
  }
  const { time, level, service, instance, event, msg, job, attempt, agent, ...fields } = row;
  if (typeof time !== 'number' || !LEVELS.includes(level as LogLevel)) return null;
  return {
    time,
    level: level as LogLevel,
    service: textOf(service) ?? '',
    instance: textOf(instance) ?? '',
    event: textOf(event) ?? '',
    msg: textOf(msg) ?? '',
    job: textOf(job),
    attempt: typeof attempt === 'number' ? attempt : null,
    agent: textOf(agent),
    fields,
  };
}

function textOf(value: Json | undefined): string | null {
  return typeof value === 'string' ? value : null;
}
