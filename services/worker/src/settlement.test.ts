import { REFUSAL_EFFECT, type RefusalReason } from '@nightshift/domain';
import { describe, expect, test } from 'vitest';
import { type AttemptFacts, settlementOf } from './settlement.ts';

const now = 1_800_000_000_000;
const error = { code: 'boom', message: 'it broke' };

function facts(over: Partial<AttemptFacts>): AttemptFacts {
  return {
    outcome: { kind: 'failed', error },
    refusal: null,
    attempts: 1,
    now,
    random: () => 1,
    ...over,
  };
}

describe('the settlement of an attempt', () => {
  test('an agent that finished is done, even after a refusal it coped with', () => {
    const refusal = { reason: 'cap-day', message: 'no' } as const;
    expect(settlementOf(facts({ outcome: { kind: 'done' }, refusal }))).toEqual({ kind: 'done' });
  });

  test('a failure is retried after a backoff that grows with the attempts', () => {
    const first = settlementOf(facts({ attempts: 1 }));
    const third = settlementOf(facts({ attempts: 3 }));
    expect(first).toMatchObject({
      kind: 'failed',
      outcome: 'failed',
      error,
      runAfter: now + 10_000,
    });
    expect(third).toMatchObject({ runAfter: now + 90_000 });
  });

  test('fifty failures in one moment come back spread over the whole backoff', () => {
    const outcome = { kind: 'failed', error } as const;
    const at = Array.from({ length: 50 }, () => {
      const settlement = settlementOf({ outcome, refusal: null, attempts: 3, now });
      return settlement.kind === 'failed' ? settlement.runAfter - now : -1;
    });
    expect(Math.min(...at)).toBeGreaterThanOrEqual(0);
    expect(new Set(at).size).toBeGreaterThan(40);
    expect(Math.max(...at) - Math.min(...at)).toBeGreaterThan(45_000);
    expect(at.filter((it) => it < 45_000).length).toBeGreaterThan(5);
  });

  test('an agent that says when to retry is heard', () => {
    const outcome = { kind: 'failed', error, retryAfterMs: 123 } as const;
    expect(settlementOf(facts({ outcome }))).toMatchObject({ runAfter: now + 123 });
  });

  test('a halt and a drain give the attempt back', () => {
    for (const reason of ['halted', 'draining']) {
      const settlement = settlementOf(facts({ outcome: { kind: 'aborted', reason } }));
      expect(settlement).toEqual({ kind: 'returned', reason });
    }
  });

  test('a person who cancels ends the job', () => {
    const outcome = { kind: 'aborted', reason: 'cancelled' } as const;
    expect(settlementOf(facts({ outcome }))).toMatchObject({ kind: 'cancelled' });
  });

  test('a full window makes the job wait until it opens, and says why', () => {
    const refusal = { reason: 'cap-day', message: 'no', until: now + 5_000 } as const;
    expect(settlementOf(facts({ refusal }))).toEqual({
      kind: 'returned',
      reason: 'cap-day',
      runAfter: now + 5_000,
      waitReason: 'cap',
    });
  });

  test('every refusal has its effect, and none of them counts the attempt as a failure', () => {
    for (const [reason, effect] of Object.entries(REFUSAL_EFFECT)) {
      const refusal = { reason: reason as RefusalReason, message: 'no' };
      const settlement = settlementOf(facts({ refusal }));
      expect(settlement.kind).toBe(effect === 'dead' ? 'dead' : 'returned');
      expect('waitReason' in settlement).toBe(effect === 'wait');
    }
  });

  test('a child that died or ran out of time is counted under its own name', () => {
    expect(settlementOf(facts({ outcome: { kind: 'crashed', error } }))).toMatchObject({
      kind: 'failed',
      outcome: 'crashed',
    });
    expect(settlementOf(facts({ outcome: { kind: 'timeout', error } }))).toMatchObject({
      kind: 'failed',
      outcome: 'timeout',
    });
  });
});
