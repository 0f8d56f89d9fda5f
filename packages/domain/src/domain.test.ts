import { describe, expect, test } from 'vitest';
import { type BackoffPolicy, JOB_BACKOFF, backoffMs } from './backoff.ts';
import type { Clock } from './clock.ts';
import { EXIT, NightshiftError, errorFacts, toError } from './error.ts';
import { uuidv7 } from './id.ts';
import { JOB_TRANSITIONS, type JobState, mayBecome } from './job.ts';
import { OUTCOMES } from './spend.ts';

function at(ms: number): Clock {
  return { now: () => ms, monotonic: () => ms };
}

describe('ids', () => {
  test('sort by the time they were made', () => {
    const ids = [5, 1_700_000_000_000, 1_700_000_000_001].map((ms) => uuidv7(at(ms)));
    expect(ids.toSorted()).toEqual(ids);
    expect(ids[1]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  test('of the same millisecond differ', () => {
    expect(new Set(Array.from({ length: 1_000 }, () => uuidv7(at(7)))).size).toBe(1_000);
  });
});

describe('backoff', () => {
  test('has full jitter below a ceiling that grows and ends', () => {
    const policy: BackoffPolicy = { baseMs: 100, factor: 2, maxMs: 1_000 };
    const ceilings = [1, 2, 3, 4, 5, 50].map((n) => backoffMs(policy, n, () => 0.999_999));
    expect(ceilings).toEqual([99, 199, 399, 799, 999, 999]);
    expect(backoffMs(JOB_BACKOFF, 3, () => 0)).toBe(0);
  });
});

describe('the life of a job', () => {
  test('ends where it is done or cancelled, and a dead one can be redriven or dropped', () => {
    const states = Object.keys(JOB_TRANSITIONS) as JobState[];
    const ways = (from: JobState): JobState[] => states.filter((to) => mayBecome(from, to));
    expect(ways('done')).toEqual([]);
    expect(ways('cancelled')).toEqual([]);
    expect(ways('dead')).toEqual(['queued', 'cancelled']);
    expect(ways('queued')).not.toContain('done');
  });
});

describe('the outcome table', () => {
  test('gives money back only where nothing can have been billed', () => {
    const released = Object.entries(OUTCOMES).flatMap(([k, v]) => (v === 'released' ? [k] : []));
    expect(released).toEqual(['rejected-unbilled', 'never-left']);
  });
});

describe('errors', () => {
  test('carry place, next step and exit code', () => {
    const error = new NightshiftError('disk-full', 'no space', {
      at: '/x',
      exitCode: EXIT.tryAgain,
    });
    expect(error).toMatchObject({ code: 'disk-full', at: '/x', exitCode: 75, retryable: false });
    expect(errorFacts(error)).toEqual({ code: 'disk-full', message: 'no space' });
  });

  test('are made of whatever was thrown', () => {
    expect(toError('text').message).toBe('text');
    expect(toError(undefined)).toBeInstanceOf(Error);
    const loop: { self?: unknown } = {};
    loop.self = loop;
    expect(toError(loop).message).toContain('cannot be printed');
    expect(errorFacts({ code: 5 })).toMatchObject({ code: 'error' });
  });
});
