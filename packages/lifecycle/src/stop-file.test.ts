import { mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tempDir } from '@nightshift/support';
import { stopFile } from './stop-file.ts';

const NOTE = { reason: 'wrong numbers', who: 'ops', at: 1_767_225_600_000 };

test('it stops while it is there, says why, and leaves nothing behind', () => {
  const dir = tempDir();
  const stop = stopFile(join(dir, 'STOP'));
  expect(stop.isStopped()).toBe(false);
  stop.write(NOTE);
  stop.write({ ...NOTE, reason: 'second' });
  expect(stop.isStopped()).toBe(true);
  expect(stop.read()).toEqual({ ...NOTE, reason: 'second' });
  expect(readdirSync(dir)).toEqual(['STOP']);
  stop.remove();
  stop.remove();
  expect(stop.isStopped()).toBe(false);
});

test('an empty file, a folder and a dangling link stop as well', () => {
  const dir = tempDir();
  const stop = stopFile(join(dir, 'STOP'));
  const makers = [
    () => writeFileSync(stop.path, ''),
    () => mkdirSync(stop.path),
    () => symlinkSync(join(dir, 'nowhere'), stop.path),
  ];
  for (const make of makers) {
    make();
    expect(stop.isStopped()).toBe(true);
    expect(stop.read()).toBeNull();
    rmSync(stop.path, { recursive: true });
  }
});

test('a place that cannot be looked at counts as stopped', () => {
  const dir = tempDir();
  writeFileSync(join(dir, 'file'), '');
  expect(stopFile(join(dir, 'file', 'STOP')).isStopped()).toBe(true);
});

test('where no draft can be written the file itself is made, empty', () => {
  const dir = tempDir();
  const stop = stopFile(join(dir, 'STOP'));
  mkdirSync(`${stop.path}.${process.pid}`);
  stop.write(NOTE);
  expect(stop.isStopped()).toBe(true);
  expect(stop.read()).toBeNull();
});

test('of two halts only the one whose reason is named is taken away', () => {
  const dir = tempDir();
  const stop = stopFile(join(dir, 'STOP'));
  expect(stop.removeOwn('a drill')).toBe(false);
  stop.write({ ...NOTE, reason: 'a drill' });
  stop.write(NOTE);
  expect(stop.removeOwn('a drill')).toBe(false);
  expect(stop.read()).toEqual(NOTE);
  expect(stop.removeOwn(NOTE.reason)).toBe(true);
  expect(readdirSync(dir)).toEqual([]);
});
