import { expect, test } from 'vitest';
import { openWorld, PERSON } from '../test/world.ts';

test('halt keeps the first reason; resume clears it; both are on the record', async () => {
  const { store, clock } = await openWorld();
  const { control, audit, events } = store;
  const running = { halted: false, reason: null, who: null, at: null };
  expect(await control.read()).toEqual(running);
  const first = { halted: true, reason: 'spend', who: 'service:watchdog', at: clock.now() };
  expect(await control.halt('spend', { kind: 'service', name: 'watchdog' })).toEqual(first);
  clock.advance(5);
  expect(await control.halt('me too', PERSON)).toEqual(first);
  expect(await control.resume(PERSON)).toEqual(running);
  expect((await audit.list(9)).map((it) => [it.action, it.actor, it.detail])).toEqual([
    ['resume', 'person:tester', { already: false }],
    ['halt', 'person:tester', { reason: 'me too', already: true }],
    ['halt', 'service:watchdog', { reason: 'spend', already: false }],
  ]);
  const kinds = (await events.since(0, 9)).map((it) => it.kind);
  expect(kinds).toEqual(['control.halted', 'control.resumed']);
});

test('agents are paused and resumed, each once', async () => {
  const { store } = await openWorld();
  const { control, events } = store;
  await control.pauseAgent('b', PERSON);
  await control.pauseAgent('a', PERSON);
  await control.pauseAgent('a', PERSON);
  expect(await control.pausedAgents()).toEqual(['a', 'b']);
  await control.resumeAgent('a', PERSON);
  await control.resumeAgent('never-seen', PERSON);
  expect(await control.pausedAgents()).toEqual(['b']);
  await control.pauseAgent('a', PERSON);
  expect((await events.since(0, 9)).map((it) => `${it.kind} ${it.ref}`)).toEqual([
    'agent.paused b',
    'agent.paused a',
    'agent.resumed a',
    'agent.paused a',
  ]);
});
