import { expect, test } from 'vitest';
import { QUICK_TIMES, fixtureAgent, openSite } from '../processes/support/site.ts';

test('a job of an agent that was renamed is dead with the reason, and done under the new name', async () => {
  const site = await openSite(`{
    timezone: 'UTC',
    times: ${JSON.stringify(QUICK_TIMES)},
    agents: { greeter: { entry: ${JSON.stringify(fixtureAgent('say-hello'))} } },
  }`);
  const { jobs } = site.store;
  const left = await site.enqueue('say-hello');
  const other = await site.enqueue('greeter');
  const worker = site.supervise('worker');
  const dead = await site.ended(left);
  expect(dead).toMatchObject({ state: 'dead', lastError: { code: 'agent-unknown' } });
  expect(dead.lastError?.message).toContain('"say-hello"');
  expect(await site.ended(other)).toMatchObject({ state: 'done' });

  await jobs.redrive(left, { kind: 'person', name: 'test' }, 'greeter');
  expect(await site.ended(left)).toMatchObject({ state: 'done', agent: 'greeter' });
  expect((await jobs.attempts(left)).map((it) => it.outcome)).toEqual(['failed', 'done']);
  expect(await worker.stop()).toBe(0);
});
