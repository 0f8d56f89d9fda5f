import { expect, test } from 'vitest';
import { deadJob, factsOf, settingsOf } from '../../test/facts.ts';
import { NOTHING_OBSERVED } from '../observation.ts';
import { afterTelling, seenSince, unseen, type Seen } from '../seen.ts';
import { deadLetter, deadRows } from './dead-letter.ts';

const NOW = 1_000_000;

function tell(dead: Parameters<typeof deadJob>[], deadSeen: Seen = seenSince(NOW, 60_000)) {
  const facts = factsOf(NOW, { dead: dead.map((args) => deadJob(...args)) });
  const findings = deadLetter.evaluate(facts, settingsOf(), {
    observation: NOTHING_OBSERVED,
    deadSeen,
  });
  const rows = deadRows(facts);
  return { findings, seen: afterTelling(deadSeen, rows, unseen(deadSeen, rows), NOW) };
}

test('no dead letter, no finding', () => {
  expect(tell([]).findings).toEqual([]);
});

test('all that came since the last tick are one message, told once', () => {
  const first = tell([
    ['a', NOW - 10],
    ['b', NOW - 5],
  ]);
  expect(first.findings).toHaveLength(1);
  expect(first.findings[0]?.once).toBe(true);
  expect(first.findings[0]?.title).toBe('2 jobs are dead: digest');
  expect(first.findings[0]?.detail).toContain('digest a: agent-failed: it threw');
  const again = tell(
    [
      ['a', NOW - 10],
      ['b', NOW - 5],
      ['c', NOW - 7],
    ],
    first.seen,
  );
  expect(again.findings[0]?.title).toBe('A job is dead: digest');
  expect(again.findings[0]?.detail).toContain('digest c');
});

test('a job that was redriven and died again is told again', () => {
  const first = tell([['a', NOW - 10]]);
  expect(tell([['a', NOW - 1]], first.seen).findings).toHaveLength(1);
});

test('fifty at once are counted and ten are named', () => {
  const many = Array.from({ length: 50 }, (_, i): [string, number] => [`job-${i}`, NOW - i]);
  const [finding] = tell(many).findings;
  expect(finding?.title).toBe('50 jobs are dead: digest');
  expect(finding?.detail.split('\n')).toHaveLength(11);
  expect(finding?.detail).toContain('and 40 more');
});

test('the text of a job is made safe', () => {
  const lastError = { code: 'x', message: '\u001b[31m@everyone\n\u202Eevil' };
  const [finding] = tell([['a', NOW, { lastError }]]).findings;
  expect(finding?.detail).toBe('digest a: x: @everyone evil');
});
