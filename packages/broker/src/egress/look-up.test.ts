import { expect, test } from 'vitest';
import { lookUp } from './look-up.ts';

const found = [{ address: '192.0.2.1', family: 4 }] as const;
const never = (): Promise<never> => new Promise(() => undefined);
const open = new AbortController().signal;

test('a name is found, or is an error that names it', async () => {
  expect(await lookUp(async () => found, 'a.test', 1_000, open)).toBe(found);
  const missing = lookUp(() => Promise.reject(new Error('ENOTFOUND')), 'a.test', 1_000, open);
  await expect(missing).rejects.toMatchObject({ code: 'fetch-failed', at: 'a.test' });
});

test('a resolver that says nothing is given up at the limit', async () => {
  const lookup = lookUp(never, 'a.test', 20, open);
  await expect(lookup).rejects.toMatchObject({ code: 'fetch-timeout', retryable: true });
});

test('an abort ends the wait, also one that came before', async () => {
  const stop = new AbortController();
  const lookup = lookUp(never, 'a.test', 60_000, stop.signal);
  stop.abort();
  await expect(lookup).rejects.toMatchObject({ code: 'fetch-aborted' });
  const asked: string[] = [];
  const resolve = async (name: string) => {
    asked.push(name);
    return found;
  };
  await expect(lookUp(resolve, 'a.test', 60_000, stop.signal)).rejects.toThrow('aborted');
  expect(asked).toEqual([]);
});
