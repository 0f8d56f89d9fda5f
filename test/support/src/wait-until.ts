import { setTimeout as pause } from 'node:timers/promises';

export interface WaitOptions {
  /** What is waited for, as the end of the sentence "waited 5000 ms for ...". */
  readonly what: string;
  /** Gives up after this long; default 5,000 ms. */
  readonly timeoutMs?: number;
  /** Pause between two looks; default 10 ms. */
  readonly everyMs?: number;
}

/**
 * Looks until `condition` is truthy and returns what it returned. The event loop runs between two
 * looks. A condition that throws counts as "not yet"; its last error is the cause of the failure.
 *
 * @throws Error naming `what`, once `timeoutMs` have passed.
 */
export async function waitUntil<T>(
  condition: () => T | Promise<T>,
  options: WaitOptions,
): Promise<NonNullable<T>> {
  const { what, timeoutMs = 5_000, everyMs = 10 } = options;
  const giveUpAt = performance.now() + timeoutMs;
  let cause: unknown;
  for (;;) {
    try {
      const value = await condition();
      if (value) return value;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    if (performance.now() >= giveUpAt) break;
    await pause(everyMs);
  }
  throw new Error(`waited ${timeoutMs} ms for ${what}`, cause === undefined ? {} : { cause });
}
