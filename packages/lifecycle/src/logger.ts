import { pino, type Logger as Pino } from 'pino';
import { sanitiseLine, type Clock, type LogLevel } from '@nightshift/domain';
import { openLogFile, type LogFile, type LogFileOptions } from './log-file.ts';
import { redactor } from './redact.ts';

/** Fields with a fixed meaning in every line; anything else a line says goes beside them. */
export interface LogFields {
  readonly job?: string;
  readonly attempt?: number;
  readonly agent?: string;
  readonly [key: string]: unknown;
}

/**
 * `event` is stable kebab-case, for programs; `msg` a sentence, for people. Both and all fields are
 * sanitised, and freed of every secret this process has resolved.
 */
export type LogMethod = (event: string, msg: string, fields?: LogFields) => void;

/**
 * JSON lines: time (epoch ms), level, service, instance, job, attempt, agent, event, msg, fields.
 */
export interface Log extends Readonly<Record<LogLevel, LogMethod>> {
  /** A log whose lines all carry these fields. */
  child(fields: LogFields): Log;
  /** Everything is in the file when it returns; nothing is written afterwards. Legal twice. */
  close(): void;
}

export interface LogOptions extends Omit<LogFileOptions, 'dir' | 'clock'> {
  readonly clock: Clock;
  /** `logs` of the state folder; null logs to stderr alone. */
  readonly dir: string | null;
  readonly instance: string;
  readonly secrets: () => readonly string[];
  readonly level?: LogLevel;
  /** Copies each line to stderr: for a terminal and for `up`. */
  readonly verbose?: boolean;
  /** Stands in for stderr. */
  readonly stderr?: { write(text: string): unknown };
}

/**
 * Opens the log of a service. The only importer of pino. @throws Error when it cannot be opened.
 */
export function openLog(options: LogOptions): Log {
  const { dir, service, instance, clock, level = 'info' } = options;
  const file = dir === null ? null : openLogFile({ ...options, dir });
  const stream = { write: (line: string) => writeLine(line, file, options) };
  const logger = pino(
    {
      level,
      base: { service, instance },
      messageKey: 'msg',
      timestamp: () => `,"time":${clock.now()}`,
      formatters: { level: (label) => ({ level: label }) },
    },
    stream,
  );
  const { text, value } = redactor(options.secrets);
  let closed = false;
  const plain = (fields: LogFields): object => unreserved(value(fields) as object);
  const logOf = (target: Pino): Log => {
    const method =
      (at: LogLevel): LogMethod =>
      (event, msg, fields = {}) => {
        if (closed) return;
        target[at]({ ...plain(fields), event: sanitiseLine(event, 80) }, text(msg));
      };
    return {
      debug: method('debug'),
      info: method('info'),
      warn: method('warn'),
      error: method('error'),
      child: (fields) => logOf(target.child(plain(fields))),
      close() {
        if (!closed) file?.close();
        closed = true;
      },
    };
  };
  return logOf(logger);
}

/** A payload's field called `level` must not stand beside the line's own. */
function unreserved(fields: object): object {
  const own = new Set(['time', 'level', 'service', 'instance', 'event', 'msg']);
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [own.has(key) ? `${key}_` : key, value]),
  );
}

function writeLine(line: string, file: LogFile | null, options: LogOptions): void {
  file?.write(line);
  if (options.verbose === true || file === null) (options.stderr ?? process.stderr).write(line);
}
