import { appendFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tempDir, waitUntil } from '@nightshift/support';
import { expect, test } from 'vitest';
import { followLogs, readLogs } from './logs.ts';

test('lines of all services come in the order of their time, rolled files first', () => {
  const dir = tempDir('logs');
  write(dir, 'worker.2026-11-21.0001.log', line({ time: 1, msg: 'old' }));
  write(dir, 'worker.log', line({ time: 3, msg: 'new' }));
  write(dir, 'scheduler.log', line({ time: 2, msg: 'between', service: 'scheduler' }));
  expect(readLogs(dir, {}, 10).map((it) => it.msg)).toEqual(['old', 'between', 'new']);
  expect(readLogs(dir, {}, 2).map((it) => it.msg)).toEqual(['between', 'new']);
});

test('job, agent, level and service choose lines', () => {
  const dir = tempDir('logs');
  const lines = [
    line({ time: 1, msg: 'a', job: 'j1', agent: 'digest', level: 'info' }),
    line({ time: 2, msg: 'b', job: 'j2', agent: 'digest', level: 'error' }),
    line({ time: 3, msg: 'c', agent: 'watch', level: 'warn' }),
  ];
  write(dir, 'worker.log', lines.join(''));
  const found = (filter: Parameters<typeof readLogs>[1]): string[] =>
    readLogs(dir, filter, 10).map((it) => it.msg);
  expect(found({ job: 'j1' })).toEqual(['a']);
  expect(found({ agent: 'digest' })).toEqual(['a', 'b']);
  expect(found({ level: 'warn' })).toEqual(['b', 'c']);
  expect(found({ service: 'scheduler' })).toEqual([]);
});

test('a torn line, a foreign line and a missing folder are no error', () => {
  const dir = tempDir('logs');
  write(dir, 'worker.log', `{"level":"info","ti\nhello\n${line({ time: 1, msg: 'whole' })}`);
  expect(readLogs(dir, {}, 10).map((it) => it.msg)).toEqual(['whole']);
  expect(readLogs(join(dir, 'none'), {}, 10)).toEqual([]);
});

test('following loses nothing when a file is rolled away', async () => {
  const dir = tempDir('logs');
  const file = join(dir, 'worker.log');
  write(dir, 'worker.log', line({ time: 1, msg: 'before' }));
  const stop = new AbortController();
  const seen: string[] = [];
  const following = (async () => {
    for await (const it of followLogs(dir, { service: 'worker' }, stop.signal)) seen.push(it.msg);
  })();
  appendFileSync(file, line({ time: 2, msg: 'first' }));
  await waitUntil(() => seen.includes('first'), { what: 'the first line' });
  appendFileSync(file, line({ time: 3, msg: 'last of the old' }));
  renameSync(file, join(dir, 'worker.2026-11-22.0001.log'));
  writeFileSync(file, line({ time: 4, msg: 'first of the new' }));
  await waitUntil(() => seen.length === 3, { what: 'the new file' });
  stop.abort();
  await following;
  expect(seen).toEqual(['first', 'last of the old', 'first of the new']);
});

function line(fields: Record<string, unknown>): string {
  const base = { level: 'info', service: 'worker', instance: 'i', event: 'e' };
  return `${JSON.stringify({ ...base, ...fields })}\n`;
}

function write(dir: string, name: string, text: string): void {
  writeFileSync(join(dir, name), text);
}
