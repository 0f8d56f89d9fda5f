/**
 * One error shape for everything a person or a program may have to act on.
 *
 * `code` is stable kebab-case and part of the contract; `at` names the place (a file, a path in the
 * configuration, a job id); `fix` is the next step for a person; `retryable` is the one bit a
 * machine needs: can the same thing succeed later without anybody changing anything?
 */
export class NightshiftError extends Error {
  override readonly name = 'NightshiftError';
  readonly code: string;
  readonly at: string | undefined;
  readonly fix: string | undefined;
  readonly see: string | undefined;
  readonly retryable: boolean;
  /** What the process should exit with when nothing else handles it. */
  readonly exitCode: ExitCode;

  constructor(code: string, message: string, facts: ErrorFacts = {}) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.code = code;
    this.at = facts.at;
    this.fix = facts.fix;
    this.see = facts.see;
    this.retryable = facts.retryable ?? false;
    this.exitCode = facts.exitCode ?? EXIT.failed;
  }
}

/** The facts beside the message of a {@link NightshiftError}. */
export interface ErrorFacts {
  readonly at?: string | undefined;
  readonly fix?: string | undefined;
  readonly see?: string | undefined;
  readonly retryable?: boolean;
  readonly exitCode?: ExitCode;
  readonly cause?: unknown;
}

/** Exit codes of the command and the services; 64 and up follow sysexits(3). */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 64,
  refused: 69,
  tryAgain: 75,
  config: 78,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** What was thrown, as an Error: payloads and libraries throw strings, objects and nothing at all. */
export function toError(thrown: unknown): Error {
  if (thrown instanceof Error) return thrown;
  return new Error(typeof thrown === 'string' ? thrown : `thrown: ${safeString(thrown)}`);
}

/** An error as plain facts, for a row, a log line or a channel. Never holds a stack. */
export function errorFacts(thrown: unknown): { code: string; message: string } {
  const error = toError(thrown);
  const code = (error as { code?: unknown }).code;
  return { code: typeof code === 'string' ? code : 'error', message: error.message };
}

function safeString(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return 'an object that cannot be printed';
  }
}
