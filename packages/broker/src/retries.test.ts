import { waitUntil } from '@nightshift/support';
import { expect, test } from 'vitest';
import { ask, chatRequest, NEVER, openBreaker, openRig, reasonOf, textOf } from '../test/rig.ts';

test('429, 503 and 529 are tried again, each try under a hold of its own', async () => {
  const rig = await openRig();
  rig.server.script([{ status: 529 }, { status: 429, retryAfter: 0 }]);
  expect((await ask(rig)).status).toBe(200);
  expect((await rig.rows()).map(({ state }) => state).toSorted()).toEqual([
    'released',
    'released',
    'settled',
  ]);
  expect(await rig.store.breakers.get('models')).toMatchObject({ state: 'closed', failures: 0 });
});

test('a provider that is overloaded for ever gets no more calls than configured', async () => {
  const rig = await openRig();
  rig.server.script([{ status: 529, times: 'always' }]);
  // The payload's own client tries again and again, each time a new ordinal.
  for (let ordinal = 0; ordinal < 5; ordinal++)
    expect((await ask(rig, {}, ordinal)).status).toBe(529);
  expect(rig.server.requests()).toHaveLength(3);
  expect(await rig.rows()).toHaveLength(3);
  // Another body is another call; the breaker ends this at the fifth failure in all.
  expect(await reasonOf(ask(rig, { seed: 1 }, 5))).toBe('breaker-open');
  expect(rig.server.requests()).toHaveLength(5);
  rig.clock.advance(60_001);
  rig.server.script([]);
  expect((await ask(rig, {}, 6)).status).toBe(200);
});

test('a Retry-After longer than a call may wait is handed to the job', async () => {
  const rig = await openRig();
  rig.server.script([{ status: 429, retryAfter: 3_600 }]);
  const answer = await ask(rig);
  expect(answer.status).toBe(429);
  expect(new Map(answer.headers).get('retry-after')).toBe('3600');
  expect(rig.server.requests()).toHaveLength(1);
});

test.each([
  [402, undefined],
  [429, 'insufficient_quota'],
] as const)('status %i with code %s opens the breaker at once', async (status, code) => {
  const rig = await openRig();
  rig.server.script([{ status, ...(code === undefined ? {} : { code }) }]);
  expect((await ask(rig)).status).toBe(status);
  expect(await rig.store.breakers.get('models')).toMatchObject({ state: 'open', openings: 1 });
  expect(rig.server.requests()).toHaveLength(1);
});

test('what the payload does wrong does not count against the endpoint', async () => {
  const rig = await openRig();
  rig.server.script([{ status: 400, times: 'always' }]);
  for (let seed = 0; seed < 6; seed++) await ask(rig, { seed });
  expect(await rig.store.breakers.get('models')).toMatchObject({ state: 'closed', failures: 0 });
});

test('one probe of a half-open breaker over all brokers', async () => {
  const rig = await openRig();
  await openBreaker(rig);
  await expect(ask(rig)).rejects.toMatchObject({
    refusal: { reason: 'breaker-open', until: rig.clock.now() + 30_000 },
  });
  rig.clock.advance(30_000);
  rig.server.script([{ gate: 'before-headers' }]);
  const brokers = [rig.broker, rig.another({}), rig.another({})];
  const calls = brokers.map((broker, ordinal) =>
    reasonOf(broker.handle(rig.who, chatRequest(rig, {}, { ordinal }), NEVER)),
  );
  await rig.server.waitForHeld(1);
  rig.server.release();
  const ends = await Promise.all(calls);
  expect(ends.toSorted()).toEqual(['breaker-open', 'breaker-open', 'no refusal']);
  expect((await rig.store.breakers.get('models')).state).toBe('closed');
});

test('a probe that fails opens the breaker for longer', async () => {
  const rig = await openRig();
  await openBreaker(rig);
  rig.clock.advance(30_000);
  rig.server.script([{ status: 503, times: 'always' }]);
  expect(await reasonOf(ask(rig))).toBe('breaker-open');
  const breaker = await rig.store.breakers.get('models');
  expect(breaker).toMatchObject({ state: 'open', openings: 2 });
  expect(breaker.nextProbeAt).toBe(rig.clock.now() + 60_000);
  expect(rig.server.requests()).toHaveLength(1);
});

test('a probe that a cap refuses is given back', async () => {
  const rig = await openRig({ budgets: [{ scope: 'global', window: 'day', capNusd: 1 }] });
  await openBreaker(rig);
  rig.clock.advance(30_000);
  expect(await reasonOf(ask(rig))).toBe('cap-day');
  const { state, probeOwner, nextProbeAt } = await rig.store.breakers.get('models');
  expect([state, probeOwner, nextProbeAt]).toEqual(['open', null, rig.clock.now()]);
});

test('an abort while waiting to try again ends the call', async () => {
  const rig = await openRig();
  rig.server.script([{ status: 503, retryAfter: 20 }]);
  const stop = new AbortController();
  const call = rig.broker.handle(rig.who, chatRequest(rig), stop.signal);
  await rig.server.waitForIdle();
  await waitUntil(async () => (await rig.rows())[0]?.state === 'released', { what: 'the end' });
  stop.abort();
  await expect(call).rejects.toMatchObject({ code: 'call-aborted' });
  expect(rig.server.requests()).toHaveLength(1);
});

test('closing the broker ends what is in flight and books it', async () => {
  const rig = await openRig();
  rig.server.script([{ hang: 'mid-stream' }]);
  const answer = await ask(rig, { stream: true });
  await rig.broker.close();
  await expect(textOf(answer)).rejects.toMatchObject({ code: 'call-aborted' });
  await expect(ask(rig)).rejects.toMatchObject({ code: 'call-aborted' });
  expect(await rig.rows()).toMatchObject([{ outcome: 'aborted', state: 'presumed' }]);
});
