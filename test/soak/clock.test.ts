import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { onCleanup, spawnNode, tempDir } from '@nightshift/support';
import { expect, test } from 'vitest';
import { Face } from './face.mjs';

const WALL = Date.parse('2026-10-24T22:00:00Z');

function preload(face: string): string {
  const clock = pathToFileURL(path.join(import.meta.dirname, 'clock.mjs'));
  clock.searchParams.set('face', face);
  return `--import=${clock.href}`;
}

function faceOf(rate: number): Face {
  const face = Face.create(path.join(tempDir('clock'), 'face.json'), WALL, rate);
  onCleanup(() => face.close());
  return face;
}

test('two processes agree on the time, and a leap ends their sleeps', async () => {
  const face = faceOf(1);
  const program = `
    const { setTimeout: sleep } = await import('node:timers/promises');
    const before = performance.now();
    console.log('asleep');
    await Promise.all([sleep(3_600_000), new Promise((resolve) => setTimeout(resolve, 3_000_000))]);
    console.log(JSON.stringify({ slept: performance.now() - before, date: new Date().getTime() }));`;
  const args = [preload(face.path), '--input-type=module', '-e', program];
  const children = [spawnNode(args), spawnNode(args)];
  await Promise.all(children.map((it) => it.prints('asleep')));
  face.leap(3_600_000);
  await Promise.all(children.map((it) => it.exited));
  for (const { stdout } of children) {
    const said = JSON.parse(stdout.split('\n')[1]!) as { slept: number; date: number };
    expect(said.slept).toBeGreaterThanOrEqual(3_600_000);
    expect(said.slept).toBeLessThan(3_660_000);
    expect(said.date).toBeGreaterThanOrEqual(WALL + 3_600_000);
    expect(said.date).toBeLessThan(WALL + 3_660_000);
  }
});

test('a step moves the wall clock alone', () => {
  const face = faceOf(1);
  const [wall, mono] = [face.now(), face.monotonic()];
  face.step(-600_000);
  face.setRate(100);
  expect(face.now()).toBeLessThan(wall - 590_000);
  expect(face.monotonic()).toBeGreaterThanOrEqual(mono);
});

test('who may not read the face keeps the time of the machine', async () => {
  const program = 'console.log(new Date().getTime())';
  const child = spawnNode([preload(path.join(tempDir('clock'), 'nowhere')), '-e', program]);
  await child.exited;
  expect(Math.abs(Number(child.stdout) - WALL)).toBeGreaterThan(86_400_000);
});
