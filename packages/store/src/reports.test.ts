import { expect, test } from 'vitest';
import { claimed, openWorld, running } from '../test/world.ts';

const draft = (title: string) => ({ title, body: '# b', data: { seen: [1] }, notify: true });

test('a job files one report', async () => {
  const world = await openWorld();
  const { reports, jobs } = world.store;
  const fence = await running(world, 'k');
  const report = await reports.file(fence, draft('t'));
  expect(report).toMatchObject({ ...draft('t'), job: fence.job, agent: 'digest' });
  expect(await reports.get(report!.id)).toEqual(report);
  expect(await reports.get('none')).toBeNull();
  expect((await jobs.get(fence.job))?.report).toBe(report!.id);
  await expect(reports.file(fence, draft('again'))).rejects.toMatchObject({
    code: 'report-duplicate',
  });
});

test('the report of an attempt that was lost stands when the next one files again', async () => {
  const world = await openWorld();
  const { reports, jobs } = world.store;
  const lost = await running(world, 'k');
  const first = await reports.file(lost, draft('first'));
  await jobs.settle(lost, { kind: 'returned', reason: 'drain' });
  const next = await claimed(world, lost.job);
  expect(await reports.file(next, draft('second'))).toEqual(first);
  expect(await reports.list({ limit: 5 })).toEqual([first]);
});

test('what is too large or no JSON is refused', async () => {
  const world = await openWorld();
  const fence = await running(world, 'k');
  const { reports } = world.store;
  const large = { ...draft('t'), body: 'x'.repeat(4_194_304) };
  const broken = { ...draft('t'), data: undefined as never };
  await expect(reports.file(fence, large)).rejects.toMatchObject({ code: 'report-too-large' });
  await expect(reports.file(fence, broken)).rejects.toMatchObject({ code: 'report-invalid' });
});

test('the previous report is the last one of a job that got done', async () => {
  const world = await openWorld();
  const { reports, jobs } = world.store;
  expect(await reports.previous('digest')).toBeNull();
  const good = await running(world, 'good');
  const report = await reports.file(good, draft('good'));
  expect(await reports.previous('digest')).toBeNull();
  await jobs.settle(good, { kind: 'done' });
  world.clock.advance(10);
  const bad = await running(world, 'bad');
  await reports.file(bad, draft('bad'));
  await jobs.settle(bad, { kind: 'dead', error: { code: 'x', message: 'x' } });
  expect(await reports.previous('digest')).toEqual(report);
  expect(await reports.previous('other')).toBeNull();
  expect((await reports.list({ agent: 'digest', limit: 5 })).map((it) => it.title)).toEqual([
    'bad',
    'good',
  ]);
  expect(await reports.delivered(0)).toEqual([{ agent: 'digest', count: 1, spentNusd: 0 }]);
  expect(await reports.delivered(world.clock.now())).toEqual([]);
});
