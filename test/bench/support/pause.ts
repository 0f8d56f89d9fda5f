import { waitUntil } from '@nightshift/support';

/** Lets time pass, which is the subject of an idle measurement and of nothing else. */
export async function pause(ms: number): Promise<void> {
  const until = performance.now() + ms;
  const over = (): boolean => performance.now() >= until;
  await waitUntil(over, { what: 'time to pass', timeoutMs: ms * 2 + 1_000, everyMs: ms });
}
