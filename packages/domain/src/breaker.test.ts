import { describe, expect, test } from 'vitest';
import {
  type Breaker,
  BREAKER_POLICY,
  askBreaker,
  breakerFailed,
  breakerSucceeded,
  closedBreaker,
} from './breaker.ts';

const now = 1_000_000;
const { threshold, coolDownMs, coolDownMaxMs, probeMs } = BREAKER_POLICY;

function failTimes(count: number, from: Breaker = closedBreaker('e')): Breaker {
  let b = from;
  for (let i = 0; i < count; i++) b = breakerFailed(b, 'down', now);
  return b;
}

describe('a circuit breaker', () => {
  test('opens at the threshold and not before', () => {
    expect(failTimes(threshold - 1).state).toBe('closed');
    expect(failTimes(threshold).state).toBe('open');
  });

  test('closes its count with a success', () => {
    const b = breakerSucceeded(failTimes(threshold - 1));
    expect(failTimes(threshold - 1, b).state).toBe('closed');
  });

  test('refuses while it cools down and says until when', () => {
    const open = failTimes(threshold);
    expect(askBreaker(open, 'me', now)).toEqual({ answer: 'refuse', until: now + coolDownMs });
  });

  test('lets one probe through after the cool-down, then refuses the others', () => {
    const open = failTimes(threshold);
    const later = now + coolDownMs;
    const answer = askBreaker(open, 'me', later);
    expect(answer.answer).toBe('probe');
    if (answer.answer !== 'probe') return;
    expect(askBreaker(answer.next, 'you', later)).toEqual({
      answer: 'refuse',
      until: later + probeMs,
    });
  });

  test('gives the probe to somebody else when its owner never came back', () => {
    const half = askBreaker(failTimes(threshold), 'me', now + coolDownMs);
    if (half.answer !== 'probe') throw new Error('expected a probe');
    const again = askBreaker(half.next, 'you', now + coolDownMs + probeMs);
    expect(again).toMatchObject({ answer: 'probe', next: { probeOwner: 'you' } });
  });

  test('cools down longer each time a probe fails, up to a limit', () => {
    let b = failTimes(threshold);
    const waits: number[] = [];
    for (let i = 0; i < 8; i++) {
      const probe = askBreaker(b, 'me', b.nextProbeAt ?? 0);
      if (probe.answer !== 'probe') throw new Error('expected a probe');
      b = breakerFailed(probe.next, 'still down', now);
      waits.push((b.nextProbeAt ?? 0) - now);
    }
    expect(waits.slice(0, 3)).toEqual([coolDownMs * 2, coolDownMs * 4, coolDownMs * 8]);
    expect(waits.at(-1)).toBe(coolDownMaxMs);
  });

  test('opens at once when told to', () => {
    expect(breakerFailed(closedBreaker('e'), 'quota', now, true).state).toBe('open');
  });
});
