import { readFileSync } from 'node:fs';
import type { LogLevel } from '@nightshift/domain';
import { logFiles } from '@nightshift/lifecycle';
import { followFiles } from './logs/follow.ts';
import { type LogLine, LEVELS, parseLogLine } from './logs/log-line.ts';

/** Services that write logs; `run` is the bounded worker. */
export const LOGGING_SERVICES = ['scheduler', 'worker', 'watchdog', 'run'] as const;

export interface LogFilter {
  readonly job?: string | undefined;
  readonly agent?: string | undefined;
  /** This level and those above it. */
  readonly level?: LogLevel | undefined;
  readonly service?: string | undefined;
}

/**
 * The last lines of all services' logs, oldest first, rolled files included.
 * @param limit how many matching lines at most.
 */
export function readLogs(dir: string, filter: LogFilter, limit: number): readonly LogLine[] {
  const found = servicesOf(filter).flatMap((service) => lastLines(dir, service, filter, limit));
  // Sorting is stable: lines of one service in the same millisecond keep their order.
  return found.sort((a, b) => a.time - b.time).slice(-limit);
}

/** Lines as they are written from now on, through rotations, until `signal` aborts. */
export async function* followLogs(
  dir: string,
  filter: LogFilter,
  signal: AbortSignal,
): AsyncGenerator<LogLine> {
  for await (const text of followFiles(dir, servicesOf(filter), signal)) {
    const line = parseLogLine(text);
    if (line !== null && matches(line, filter)) yield line;
  }
}

function servicesOf(filter: LogFilter): readonly string[] {
  return filter.service === undefined ? LOGGING_SERVICES : [filter.service];
}

/** Newest file first, and no file more than is needed. */
function lastLines(dir: string, service: string, filter: LogFilter, limit: number): LogLine[] {
  const found: LogLine[][] = [];
  let count = 0;
  for (const file of filesOf(dir, service).toReversed()) {
    if (count >= limit) break;
    const lines = linesOf(file).filter((line) => matches(line, filter));
    found.unshift(lines);
    count += lines.length;
  }
  return found.flat().slice(-limit);
}

function filesOf(dir: string, service: string): readonly string[] {
  try {
    return logFiles(dir, service);
  } catch {
    // No folder of logs yet: nothing was logged.
    return [];
  }
}

function linesOf(file: string): LogLine[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    // Rolled away between the listing and the look, or never written.
    return [];
  }
  return text.split('\n').flatMap((line) => parseLogLine(line) ?? []);
}

function matches(line: LogLine, filter: LogFilter): boolean {
  if (filter.job !== undefined && line.job !== filter.job) return false;
  if (filter.agent !== undefined && line.agent !== filter.agent) return false;
  if (filter.level === undefined) return true;
  return LEVELS.indexOf(line.level) >= LEVELS.indexOf(filter.level);
}
