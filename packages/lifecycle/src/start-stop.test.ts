import { once } from 'node:events';
import { expect, test } from 'vitest';
import { startStop } from './start-stop.ts';

function untilStopped() {
  const seen = { running: 0, ended: 0 };
  const life = startStop(async (signal) => {
    seen.running++;
    if (!signal.aborted) await once(signal, 'abort');
    await Promise.resolve();
    seen.ended++;
  });
  return { life, seen };
}

test('it runs until it is stopped, once', async () => {
  const { life, seen } = untilStopped();
  life.start();
  life.start();
  expect(life.state).toBe('running');
  await Promise.all([life.stop(), life.stop()]);
  await life.stop();
  life.start();
  expect(life.state).toBe('stopped');
  expect(seen).toEqual({ running: 1, ended: 1 });
  await life.done;
});

test('stopped before its start it never runs', async () => {
  const { life, seen } = untilStopped();
  await life.stop();
  life.start();
  await life.done;
  expect(seen).toEqual({ running: 0, ended: 0 });
});

test('a failure is told by done, not by stop', async () => {
  const life = startStop(() => Promise.reject(new Error('broken')));
  life.start();
  await life.stop();
  await expect(life.done).rejects.toThrow('broken');
});

test('started and stopped at once from many places, nothing runs afterwards', async () => {
  for (let round = 0; round < 10; round++) {
    const { life, seen } = untilStopped();
    const calls = Array.from({ length: 50 }, async (_, i) => {
      for (let turns = 0; turns < (i * 7 + round) % 5; turns++) await Promise.resolve();
      if ((i + round) % 3 === 0) life.start();
      else await life.stop();
    });
    await Promise.all(calls);
    await life.stop();
    await life.done;
    expect(life.state).toBe('stopped');
    expect(seen.ended).toBe(seen.running);
    expect(seen.running).toBeLessThanOrEqual(1);
  }
});
