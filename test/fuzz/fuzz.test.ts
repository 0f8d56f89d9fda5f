import { expect, test } from 'vitest';
import { TARGETS } from './targets.ts';

/** Two or three seconds in all; `pnpm fuzz` goes on for as long as it is asked to. */
const RUNS = 60;
/** The same inputs each time: what a night finds becomes a test of its own. */
const SEED = 20_261_122;

test.each(Object.entries(TARGETS))('%s', async (name, load) => {
  const target = await load();
  expect(target.name).toBe(name);
  const { failure } = await target.run({ runs: RUNS, seed: SEED });
  expect(failure).toBeNull();
});
