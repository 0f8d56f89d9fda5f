import { randomInt } from 'node:crypto';

/** The seed of this run: `CRASH_SEED`, to repeat one, or a new one. It is printed by the test. */
export function crashSeed(): number {
  const given = process.env['CRASH_SEED'];
  return given === undefined ? randomInt(2 ** 32) : Number(given);
}
