import { expect, test } from 'vitest';
import { waitUntil } from './wait-until.ts';

test('returns the first truthy value, after looking as often as needed', async () => {
  let looks = 0;
  const value = await waitUntil(() => (++looks === 3 ? 'there' : undefined), { what: 'it' });
  expect([value, looks]).toEqual(['there', 3]);
});

test('gives up with a sentence that names what it waited for and why it last failed', async () => {
  const refused = new Error('connection refused');
  const waiting = waitUntil(() => Promise.reject(refused), { what: 'the server', timeoutMs: 30 });
  await expect(waiting).rejects.toMatchObject({
    message: 'waited 30 ms for the server',
    cause: refused,
  });
});

test('lets the event loop run between two looks', async () => {
  let ran = false;
  setImmediate(() => (ran = true));
  await expect(waitUntil(() => ran, { what: 'the event loop' })).resolves.toBe(true);
});
