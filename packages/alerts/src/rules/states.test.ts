import { closedBreaker } from '@nightshift/domain';
import { describe, expect, test } from 'vitest';
import { factsOf, settingsOf } from '../../test/facts.ts';
import { keysOf, scene } from '../../test/scene.ts';
import { NOTHING_OBSERVED } from '../observation.ts';
import { seenSince } from '../seen.ts';
import { breakerOpen } from './breaker-open.ts';

const HOUR = 3_600_000;
const memory = { observation: NOTHING_OBSERVED, deadSeen: seenSince(0, 0) };

describe('breaker-open', () => {
  test.each([
    ['closed', []],
    ['open', ['breaker-open:anthropic']],
    ['half-open', ['breaker-open:anthropic']],
  ] as const)('%s', (state, keys) => {
    const breaker = { ...closedBreaker('anthropic'), state, reason: 'HTTP 500', nextProbeAt: 0 };
    const facts = factsOf(0, { breakers: [breaker] });
    expect(keysOf(breakerOpen.evaluate(facts, settingsOf(), memory))).toEqual(keys);
  });
});

describe('halted-long', () => {
  test('silent before twelve hours, said afterwards, silent after the resume', () => {
    const it = scene();
    const at = it.clock.now();
    it.facts = { halt: { halted: true, reason: 'maintenance', who: 'me', at, stopFile: true } };
    it.clock.advance(11 * HOUR);
    expect(it.tick().findings).toEqual([]);
    it.clock.advance(1 * HOUR);
    const [finding] = it.tick().findings;
    expect(finding?.detail).toContain('Halted by me: maintenance.');
    it.facts = {};
    expect(it.tick().findings).toEqual([]);
  });

  test('a STOP file has no time, so what was observed counts', () => {
    const it = scene();
    it.facts = { halt: { halted: false, reason: null, who: null, at: null, stopFile: true } };
    expect(it.run(12 * HOUR)).toEqual([]);
    expect(keysOf(it.run(4_000))).toEqual(['halted-long']);
  });
});

describe('facts-unavailable', () => {
  test('is the only thing that is judged', () => {
    const it = scene();
    it.facts = { breakers: [{ ...closedBreaker('x'), state: 'open' }] };
    expect(keysOf(it.tick().findings)).toEqual(['breaker-open:x']);
    const blind = it.blindTick();
    expect(keysOf(blind.findings)).toEqual(['facts-unavailable']);
    expect(blind.judges('breaker-open', 'breaker-open:x')).toBe(false);
    expect(it.tick().judges('facts-unavailable', 'facts-unavailable')).toBe(true);
  });
});
