import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repoRoot } from '@nightshift/support';
import { expect, test } from 'vitest';
import { conditionOf, CONDITIONS, isMuted, parentsOf } from './conditions.ts';

const runbook = readFileSync(join(repoRoot, 'RUNBOOK.md'), 'utf8');

test.each(CONDITIONS.map((it) => it.id))('%s has a whole section in the runbook', (id) => {
  const [, section] = runbook.split(`\n## ${id}\n`);
  const [text = ''] = (section ?? '').split('\n## ');
  for (const part of ['Meaning', 'Impact', 'Diagnosis', 'Mitigation', 'Silence', 'Why this']) {
    expect(text).toContain(`**${part}`);
  }
});

test('every id is there once', () => {
  expect(new Set(CONDITIONS.map((it) => it.id)).size).toBe(CONDITIONS.length);
});

test('a row of a rule that is gone can still resolve', () => {
  expect(conditionOf('rule-of-old')).toMatchObject({ openAfter: 1, resolveAfter: 1 });
});

test('a child has more parents than its parent', () => {
  expect(parentsOf('facts-unavailable', 'facts-unavailable')).toBe(0);
  expect(parentsOf('service-silent', 'service-silent:worker')).toBe(1);
  expect(parentsOf('worker-wedged', 'worker-wedged:worker')).toBe(2);
  expect(isMuted('channel-broken', 'channel-broken:x', new Set(['facts-unavailable']))).toBe(false);
});
