import { describe, expect, test } from 'vitest';
import { SQLITE } from '../../test/engine.ts';
import { compareLives } from '../../test/lives.ts';

/** Lives of about a hundred steps: some thousands of steps here, many more each night. */
const LIVES = Number(process.env['STORE_LIVES'] ?? 24);

// A second engine is held to the same rules by its name in this list.
describe.each([SQLITE])('jobs and slots in $name', (engine) => {
  test('whatever is done to them, over restarts, the store agrees with a twin in memory', async () => {
    expect(await compareLives(engine, LIVES)).toBeGreaterThan(LIVES * 50);
  }, 60_000);
});
