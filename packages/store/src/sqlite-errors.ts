import { EXIT, NightshiftError, toError, type ErrorFacts } from '@nightshift/domain';

/** Somebody else has the lock: the same statement can succeed in a moment. */
export function isBusy(error: unknown): boolean {
  const code = sqliteCode(error);
  return code.startsWith('SQLITE_BUSY') || code === 'SQLITE_LOCKED';
}

/**
 * What SQLite said, in this project's words. Errors that are not SQLite's pass unchanged.
 * Result codes: https://sqlite.org/rescode.html; an extended code begins with its primary one.
 */
export function toStoreError(error: unknown, file: string): Error {
  const code = sqliteCode(error);
  if (code === '') return toError(error);
  const row = TABLE.find(([prefix]) => code.startsWith(prefix));
  const [, ours, sentence, facts] = row ?? UNKNOWN;
  const detail = toError(error).message;
  return new NightshiftError(ours, `${sentence} (${detail})`, { ...facts, at: file, cause: error });
}

function sqliteCode(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && code.startsWith('SQLITE_') ? code : '';
}

type Row = readonly [prefix: string, code: string, sentence: string, facts: ErrorFacts];

const AGAIN = { retryable: true, exitCode: EXIT.tryAgain } as const;
const UNTRUSTED = {
  exitCode: EXIT.config,
  fix: 'stop the services, keep the file, and put a backup in its place',
} as const;

const TABLE: readonly Row[] = [
  ['SQLITE_BUSY', 'database-busy', 'another process kept the database locked', AGAIN],
  ['SQLITE_LOCKED', 'database-busy', 'another process kept the database locked', AGAIN],
  ['SQLITE_FULL', 'disk-full', 'no space for the database', { ...AGAIN, fix: 'free disk space' }],
  [
    'SQLITE_READONLY',
    'database-read-only',
    'the database cannot be written',
    { ...AGAIN, fix: 'make the file, its folder and its file system writable' },
  ],
  ['SQLITE_CORRUPT', 'database-corrupt', 'the database is damaged', UNTRUSTED],
  ['SQLITE_NOTADB', 'database-corrupt', 'the file is not a database', UNTRUSTED],
  [
    'SQLITE_CANTOPEN',
    'database-unavailable',
    'the database cannot be opened',
    { ...AGAIN, fix: 'check the folder, its permissions and the limit on open files' },
  ],
  ['SQLITE_IOERR', 'database-io', 'the disk failed under the database', AGAIN],
  ['SQLITE_CONSTRAINT', 'store-invariant', 'the schema refused a change', {}],
];
const UNKNOWN: Row = ['', 'database-failed', 'the database refused an operation', {}];
