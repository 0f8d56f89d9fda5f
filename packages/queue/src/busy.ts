import { NightshiftError } from '@nightshift/domain';

const TRIES = 16;

/** True for SQLite's "somebody else is writing", in whatever error it comes wrapped. */
export function isBusy(error: unknown): boolean {
  for (let e = error; e instanceof Error; e = e.cause) {
    const { code } = e as { code?: unknown };
    if (typeof code === 'string' && code.startsWith('SQLITE_BUSY')) return true;
  }
  return false;
}

/**
 * Runs a statement of liteque again while the database is busy, with jitter and without blocking
 * the event loop in between.
 * @throws NightshiftError `database-busy` (retryable) after some seconds.
 */
export async function retryBusy<T>(statement: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await statement();
    } catch (error) {
      if (!isBusy(error)) throw error;
      if (attempt >= TRIES) {
        throw new NightshiftError('database-busy', 'the queue stayed locked by another process', {
          retryable: true,
          exitCode: 75,
          cause: error,
        });
      }
      await pause(Math.random() * Math.min(500, 2 ** attempt));
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
