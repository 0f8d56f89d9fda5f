/**
 * What can be said of RUNBOOK.md without a machine; `test/vps/runbook.ts` runs its commands on one.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repoRoot } from '@nightshift/support';
import { expect, test } from 'vitest';
import { firstMissing, runbookBlocks } from './vps/runbook-blocks.ts';

const RUNBOOK = readFileSync(join(repoRoot, 'RUNBOOK.md'), 'utf8');
const BLOCKS = runbookBlocks(RUNBOOK);

test('each task of an operator and each alert has commands, and they are run on a machine', () => {
  const tasks = ['Start', 'Stop', 'Health', 'Drills', 'Money', 'Drafts', 'Halt and resume'];
  const care = ['Backup', 'Restore', 'Upgrade and rollback', 'Rotate a secret'];
  // A heading is the id of an alert, or has a capital. That no alert lacks one is tested elsewhere.
  const alerts = [...RUNBOOK.matchAll(/^## ([a-z-]+)$/gm)].map(([, id = '']) => id);
  expect(alerts.length).toBeGreaterThan(25);
  const run = new Set(BLOCKS.filter((it) => it.elsewhere === '').map((it) => it.section));
  expect([...tasks, ...care, ...alerts].filter((it) => !run.has(it))).toEqual([]);
});

test('a block that is not run on a machine says where it belongs', () => {
  const others = BLOCKS.filter((it) => it.elsewhere !== '').map((it) => it.script.split(' ')[0]);
  expect(others).toEqual(['sudo', 'infra/vps/deploy.sh', 'cd']);
});

test('a variable is set by the block that uses it', () => {
  const used = BLOCKS.filter((it) => it.elsewhere === '').flatMap(({ line, script }) =>
    [...script.matchAll(/\$([A-Z]+)/g)].map(([, name]) => ({ line, name, script })),
  );
  const unset = used.filter(({ name, script }) => !new RegExp(`\\b${name}=`).test(script));
  expect(unset.map(({ line, name }) => `${line} ${name}`)).toEqual([]);
  expect(used.length).toBeGreaterThan(20);
});

test('blocks are found with what they print, and those of elsewhere are told apart', () => {
  const text =
    '## A\n```sh\nx\n```\n\n```text\none\n```\n```text\ntwo\n```\n## B\n```sh on a Mac\ny\n```';
  expect(runbookBlocks(text)).toEqual([
    { section: 'A', line: 3, elsewhere: '', script: 'x', prints: ['one'] },
    { section: 'B', line: 14, elsewhere: 'on a Mac', script: 'y', prints: [] },
  ]);
  expect(runbookBlocks('```sh\nx\n```\nprose\n```text\none\n```')[0]?.prints).toEqual([]);
});

test('what is printed is compared line by line, in order, but for what differs', () => {
  const printed = 'ID   SINCE\n  a.b  12 ms\nlast\n';
  expect(firstMissing(['ID SINCE', 'a.b … ms', 'last'], printed)).toBeNull();
  expect(firstMissing(['last', 'ID SINCE'], printed)).toBe('ID SINCE');
  expect(firstMissing(['a_b … ms'], printed)).toBe('a_b … ms');
  expect(firstMissing(['ID'], printed)).toBe('ID');
  expect(firstMissing(['last', 'last'], printed)).toBe('last');
});
