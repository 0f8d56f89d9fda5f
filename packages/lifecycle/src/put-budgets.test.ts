import type { Settings } from '@nightshift/domain';
import { expect, test } from 'vitest';
import { putBudgets } from './put-budgets.ts';

const settings = { budgets: [], version: 7, timezone: 'UTC', file: '/c.ts' } as unknown as Settings;

test.each([
  [true, []],
  [false, ['budgets-superseded']],
])('caps that hold (%s) say nothing, others are told of', async (holds, expected) => {
  const said: string[] = [];
  const asked: unknown[] = [];
  const ledger = {
    setBudgets: (...args: unknown[]) => {
      asked.push(args);
      return Promise.resolve(holds);
    },
  };
  const log = { warn: (event: string) => void said.push(event) };
  expect(await putBudgets({ ledger }, settings, log)).toBe(holds);
  expect(asked).toEqual([[[], 7, 'UTC']]);
  expect(said).toEqual(expected);
});
