import { waitUntil } from '@nightshift/support';
import { expect, test } from 'vitest';
import {
  ask,
  chat,
  chatRequest,
  NEVER,
  openBreaker,
  openRig,
  PERSON,
  post,
  reasonOf,
  runningJob,
  textOf,
  type Rig,
} from '../test/rig.ts';

test('the gates are asked in their order', async () => {
  const rig = await openRig({ budgets: [{ scope: 'global', window: 'day', capNusd: 1 }] });
  // Everything is wrong at once; each gate is opened in turn.
  rig.stop.there = true;
  await rig.store.control.pauseAgent('digest', PERSON);
  await openBreaker(rig);
  const fenced = { ...rig.who, leaseToken: 'of another' };
  const bad = chatRequest(rig, { model: 'gpt-4o' });
  const asked = (who: Rig['who'], request = bad) =>
    reasonOf(rig.broker.handle(who, request, NEVER));
  expect(await asked(fenced)).toBe('halted');
  rig.stop.there = false;
  expect(await asked(fenced)).toBe('lease-lost');
  expect(await asked(rig.who)).toBe('agent-paused');
  await rig.store.control.resumeAgent('digest', PERSON);
  expect(await asked(rig.who, chatRequest(rig, { model: 'dear' }))).toBe('breaker-open');
  await rig.store.breakers.reset('models', PERSON);
  expect(await asked(rig.who, chatRequest(rig, { model: 'dear' }))).toBe('model-unknown');
  expect(await asked(rig.who)).toBe('price-unknown');
  expect(await asked(rig.who, chatRequest(rig))).toBe('cap-day');
  expect(rig.server.requests()).toEqual([]);
  expect(await rig.rows()).toEqual([]);
});

test('a STOP file that cannot be looked at counts as there', async () => {
  const rig = await openRig();
  const broker = rig.another({
    stopFile: () => {
      throw new Error('EIO');
    },
  });
  expect(await reasonOf(broker.handle(rig.who, chatRequest(rig), NEVER))).toBe('halted');
});

test('a STOP file that appears after the reserve holds the first byte back', async () => {
  const rig = await openRig();
  let looks = 0;
  const broker = rig.another({ stopFile: () => ++looks > 1 });
  expect(await reasonOf(broker.handle(rig.who, chatRequest(rig), NEVER))).toBe('halted');
  expect(rig.server.requests()).toEqual([]);
  expect(await rig.rows()).toMatchObject([{ outcome: 'never-left', state: 'released' }]);
});

test('a hold that has grown old is taken again', async () => {
  const rig = await openRig();
  let reserved = 0;
  const broker = rig.another({
    ledger: {
      ...rig.store.ledger,
      reserve: async (request) => {
        const taken = await rig.store.ledger.reserve(request);
        if (reserved++ === 0) rig.clock.advance(6_000);
        return taken;
      },
    },
  });
  const answer = await broker.handle(rig.who, chatRequest(rig), NEVER);
  expect(await textOf(answer)).toContain('word1');
  const states = (await rig.rows()).map(({ state }) => state).toSorted();
  expect(states).toEqual(['released', 'settled']);
  expect(rig.server.requests()).toHaveLength(1);
});

test('a lease that is lost between reserve and first byte holds it back', async () => {
  const rig = await openRig();
  const broker = rig.another({
    ledger: {
      ...rig.store.ledger,
      reserve: async (request) => {
        const taken = await rig.store.ledger.reserve(request);
        const { job, attempt, leaseToken: token } = rig.who;
        await rig.store.jobs.settle({ job, attempt, token }, { kind: 'done' });
        return taken;
      },
    },
  });
  expect(await reasonOf(broker.handle(rig.who, chatRequest(rig), NEVER))).toBe('lease-lost');
  expect(rig.server.requests()).toEqual([]);
});

test('of parallel calls as many are admitted as fit, the rest send no byte', async () => {
  const probe = await openRig();
  await ask(probe).then(textOf);
  const bound = (await probe.rows())[0]!.boundNusd;
  const capNusd = Math.floor(bound * 2.5);
  const rig = await openRig({ budgets: [{ scope: 'global', window: 'day', capNusd }] });
  rig.server.script([{ gate: 'before-headers', times: 'always' }]);
  const calls = [0, 1, 2, 3, 4].map((ordinal) => reasonOf(ask(rig, {}, ordinal)));
  await rig.server.waitForHeld(2);
  await waitUntil(async () => (await rig.rows()).length === 2, { what: 'two holds' });
  rig.server.release();
  const ends = await Promise.all(calls);
  expect(ends.toSorted()).toEqual(['cap-day', 'cap-day', 'cap-day', 'no refusal', 'no refusal']);
  expect(rig.server.requests()).toHaveLength(2);
});

test('a completed call of the same step, ordinal and body is replayed', async () => {
  const rig = await openRig();
  for (const stream of [false, true]) {
    const request = chatRequest(rig, { stream }, { step: 'sum', ordinal: 4 });
    const first = await rig.broker.handle(rig.who, request, NEVER).then(textOf);
    await openBreaker(rig);
    const again = await rig.broker.handle(rig.who, request, NEVER).then(textOf);
    expect(again).toBe(first);
    expect(first).toContain('word1');
    await rig.store.breakers.reset('models', PERSON);
  }
  expect(rig.server.requests()).toHaveLength(2);
  expect(await rig.rows()).toHaveLength(2);
  await rig.store.control.halt('stop', PERSON);
  const request = chatRequest(rig, { stream: true }, { step: 'sum', ordinal: 4 });
  expect(await reasonOf(rig.broker.handle(rig.who, request, NEVER))).toBe('halted');
});

test('another body, step, ordinal or job is another call', async () => {
  const rig = await openRig();
  const other = await runningJob(rig.store, rig.clock, 'job-2');
  await rig.broker.handle(rig.who, chatRequest(rig, {}, { step: 'a' }), NEVER).then(textOf);
  for (const [who, request] of [
    [rig.who, chatRequest(rig, { seed: 1 }, { step: 'a' })],
    [rig.who, chatRequest(rig, {}, { step: 'b' })],
    [rig.who, chatRequest(rig, {}, { step: 'a', ordinal: 1 })],
    [other, chatRequest(rig, {}, { step: 'a' })],
  ] as const) {
    await rig.broker.handle(who, request, NEVER).then(textOf);
  }
  expect(rig.server.requests()).toHaveLength(5);
});

test('a call cut in the middle is not replayed', async () => {
  const rig = await openRig();
  rig.server.script([{ cutAfterChunks: 2 }]);
  await expect(ask(rig, { stream: true }).then(textOf)).rejects.toThrow('cut');
  expect(await ask(rig, { stream: true }).then(textOf)).toContain('[DONE]');
  expect(rig.server.requests()).toHaveLength(2);
});

test('a missing key is an error that names the variable', async () => {
  const rig = await openRig();
  const broker = rig.another({ secret: () => null });
  await expect(broker.handle(rig.who, chatRequest(rig), NEVER)).rejects.toMatchObject({
    code: 'secret-missing',
    fix: 'set MODEL_KEY for the worker',
  });
  expect(await rig.rows()).toEqual([]);
});

test('a free model costs nothing and is counted all the same', async () => {
  const rig = await openRig({ budgets: [{ scope: 'global', window: 'day', capNusd: 0 }] });
  expect((await ask(rig, { model: 'free' })).status).toBe(200);
  expect(await rig.rows()).toMatchObject([
    { state: 'settled', boundNusd: 0, actualNusd: 0, priceVersion: 'free' },
  ]);
});

test('the Ollama endpoint answers on its own wire and on the compatible one', async () => {
  const rig = await openRig();
  const { max_tokens: limit, ...body } = chat();
  const native = { ...body, options: { num_predict: limit } };
  for (const stream of [false, true]) {
    const request = post(`${rig.server.url}/api/chat`, { ...native, stream });
    expect(await rig.broker.handle(rig.who, request, NEVER).then(textOf)).toContain('"done":true');
  }
  const rows = await rig.rows();
  expect(rows.map(({ endpoint, state }) => [endpoint, state])).toEqual([
    ['local', 'settled'],
    ['local', 'settled'],
  ]);
  const booked = rows.reduce((sum, { actualNusd }) => sum + (actualNusd ?? 0), 0);
  expect(booked).toBe(rig.server.bill().totalNusd);
});

test.each([
  ['GET', '/v1/models'],
  ['POST', '/v1/completions'],
  ['POST', '/v1/chat/completions/x'],
  ['POST', '/v1/batches'],
  ['POST', '/v1/chat%2Fcompletions'],
  ['DELETE', '/v1/chat/completions'],
  ['POST', '/v1/chat/completions?beta=1'],
  ['POST', '/api/pull'],
])('%s %s under an endpoint is refused', async (method, path) => {
  const rig = await openRig();
  const request = post(`${rig.server.url}${path}`, chat(), { method });
  expect(await reasonOf(rig.broker.handle(rig.who, request, NEVER))).toBe('request-denied');
  expect(rig.server.requests()).toEqual([]);
});
