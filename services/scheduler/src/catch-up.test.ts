import { slotKey } from '@nightshift/domain';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CatchUpFacts, decideSlots } from './catch-up.ts';

const MINUTE = 60_000;
const now = 1_800_000_000_000;

function facts(over: Partial<CatchUpFacts>): CatchUpFacts {
  return {
    agent: 'digest',
    slots: [],
    now,
    policy: { kind: 'latest' },
    overlap: 'skip',
    unfinished: 0,
    input: {},
    maxAttempts: 3,
    ...over,
  };
}

const missed = [now - 180 * MINUTE, now - 120 * MINUTE, now - 60 * MINUTE];

function kinds(over: Partial<CatchUpFacts>): string[] {
  return decideSlots(facts(over)).map((d) => (d.kind === 'skip' ? d.reason : d.kind));
}

describe('what becomes of due slots', () => {
  test('`latest` runs only the newest of what was missed', () => {
    expect(kinds({ slots: missed })).toEqual(['catch-up-latest', 'catch-up-latest', 'enqueue']);
  });

  test('`skip` drops what was missed and runs what is due now', () => {
    expect(kinds({ slots: [...missed, now - 1_000], policy: { kind: 'skip' } })).toEqual([
      'catch-up-skip',
      'catch-up-skip',
      'catch-up-skip',
      'enqueue',
    ]);
  });

  test('`all` runs the newest ones up to its number', () => {
    expect(kinds({ slots: missed, policy: { kind: 'all', max: 2 } })).toEqual([
      'catch-up-all',
      'enqueue',
      'enqueue',
    ]);
  });

  test('a slot finds no place while an earlier job is unfinished', () => {
    expect(kinds({ slots: [now], unfinished: 1 })).toEqual(['overlap']);
    expect(kinds({ slots: [now], unfinished: 1, overlap: 'queue' })).toEqual(['enqueue']);
  });

  test('every slot that goes in comes out once, in order, whatever the policy', () => {
    const policy = fc.oneof(
      fc.constant({ kind: 'skip' } as const),
      fc.constant({ kind: 'latest' } as const),
      fc.nat(20).map((max) => ({ kind: 'all', max: max + 1 }) as const),
    );
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 0, max: 5_000 }), { maxLength: 50 }),
        policy,
        fc.constantFrom('skip' as const, 'queue' as const),
        fc.nat(2),
        (minutesAgo, chosen, overlap, unfinished) => {
          const slots = minutesAgo.map((m) => now - m * MINUTE).toSorted((a, b) => a - b);
          const decided = decideSlots(facts({ slots, policy: chosen, overlap, unfinished }));
          expect(decided.map((d) => d.at)).toEqual(slots);
        },
      ),
    );
  });

  test('a slot has one key for ever', () => {
    expect(slotKey('digest', Date.UTC(2026, 10, 22, 6))).toBe(
      'slot:digest:2026-11-22T06:00:00.000Z',
    );
  });
});
