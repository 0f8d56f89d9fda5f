import { createServer, type Server } from 'node:net';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { onCleanup, waitUntil } from '@nightshift/support';
import type { ModelFault } from '@nightshift/fakes';
import { OUTCOMES, RefusedError } from '@nightshift/domain';
import { expect, test } from 'vitest';
import { chatRequest, NEVER, openRig, post, chat, textOf, type Rig, SECRET } from '../test/rig.ts';

/** Makes one call and returns what was booked for each try. */
async function callUnder(
  fault: ModelFault | null,
  body: Record<string, unknown> = {},
): Promise<{ rig: Rig; said: string }> {
  const rig = await openRig({ broker: { limits: { tries: 1 } } });
  if (fault !== null) rig.server.script([fault]);
  const said = await rig.broker
    .handle(rig.who, chatRequest(rig, body), NEVER)
    .then(textOf)
    .catch((error: Error) => `error: ${error.message}`);
  return { rig, said };
}

async function onlyRow(rig: Rig) {
  const rows = await rig.rows();
  expect(rows).toHaveLength(1);
  expect(await rig.store.ledger.verify()).toEqual([]);
  return rows[0]!;
}

test.each([false, true])(
  'answered (stream %s): settled at the provider’s own bill',
  async (stream) => {
    const { rig } = await callUnder(null, { stream });
    const row = await onlyRow(rig);
    expect(row).toMatchObject({ outcome: 'answered', state: 'settled' });
    expect(row.actualNusd).toBe(rig.server.bill().totalNusd);
    expect(row.boundNusd).toBeGreaterThanOrEqual(row.actualNusd!);
  },
);

test.each([false, true])('answered without usage (stream %s): presumed', async (stream) => {
  const { rig } = await callUnder({ omitUsage: true }, { stream });
  const row = await onlyRow(rig);
  expect(row).toMatchObject({ outcome: 'answered-without-usage', state: 'presumed' });
});

test.each([false, true])('a cost of 0 beside tokens (stream %s): presumed', async (stream) => {
  const { rig } = await callUnder({ costZero: true }, { stream });
  expect(await onlyRow(rig)).toMatchObject({ state: 'presumed', actualNusd: null });
});

test('zero tokens for an answer with content: presumed', async () => {
  const { rig } = await callUnder({ usage: { completion_tokens: 0, total_tokens: 0 } });
  expect(await onlyRow(rig)).toMatchObject({ state: 'presumed' });
});

test.each([400, 401, 403, 404, 413, 422, 429, 503, 529])(
  'status %i with an error body: released, and handed on',
  async (status) => {
    const rig = await openRig({ broker: { limits: { tries: 1 } } });
    rig.server.script([{ status }]);
    const answer = await rig.broker.handle(rig.who, chatRequest(rig), NEVER);
    expect(answer.status).toBe(status);
    expect(new Map(answer.headers).get('x-should-retry')).toBe('false');
    expect(await onlyRow(rig)).toMatchObject({ outcome: 'rejected-unbilled', state: 'released' });
  },
);

test.each([402, 409, 500, 502, 504, 301])('status %i: presumed', async (status) => {
  const { rig } = await callUnder({ status });
  expect(await onlyRow(rig)).toMatchObject({ outcome: 'server-error', state: 'presumed' });
});

test('a rejection that reports usage was billed: presumed', async () => {
  const body = JSON.stringify({ error: { message: 'late' }, usage: { prompt_tokens: 9 } });
  const { rig } = await callUnder({ status: 429, body });
  expect(await onlyRow(rig)).toMatchObject({ outcome: 'server-error', state: 'presumed' });
});

test('status 200 around an error: presumed, and a failure for the breaker', async () => {
  const { rig } = await callUnder({ errorBodyWith200: true });
  expect(await onlyRow(rig)).toMatchObject({ outcome: 'server-error', state: 'presumed' });
  expect(await rig.store.breakers.get('models')).toMatchObject({ state: 'closed', failures: 1 });
});

test('status 200 around a page: presumed, and a failure for the breaker', async () => {
  const { rig } = await callUnder({ body: '<html>sign in</html>', contentType: 'text/html' });
  expect(await onlyRow(rig)).toMatchObject({ outcome: 'server-error', state: 'presumed' });
});

test('reset after the request, before any byte of an answer: presumed', async () => {
  const { rig, said } = await callUnder({ resetBeforeByte: true });
  expect(said).toMatch(/^error: call to models: cut/);
  expect(await onlyRow(rig)).toMatchObject({ outcome: 'cut', state: 'presumed' });
});

test.each([false, true])('cut in the middle (stream %s): presumed', async (stream) => {
  const { rig, said } = await callUnder({ cutAfterChunks: 3 }, { stream });
  expect(said).toMatch(/^error: call to models: cut/);
  const row = await onlyRow(rig);
  expect(row).toMatchObject({ outcome: 'cut', state: 'presumed' });
  expect(row.boundNusd).toBeGreaterThanOrEqual(rig.server.bill().totalNusd);
});

test.each(['before-headers', 'mid-stream'] as const)(
  'hangs %s: timeout, presumed',
  async (hang) => {
    const rig = await openRig({ broker: { limits: { tries: 1, callMaxMs: 150 } } });
    rig.server.script([{ hang }]);
    const call = rig.broker.handle(rig.who, chatRequest(rig, { stream: true }), NEVER).then(textOf);
    await expect(call).rejects.toThrow('timed out');
    expect(await onlyRow(rig)).toMatchObject({ outcome: 'timeout', state: 'presumed' });
  },
);

test('connection refused: never left, released', async () => {
  const rig = await openRig({ broker: { limits: { tries: 1 } } });
  await rig.server.close();
  const call = rig.broker.handle(rig.who, chatRequest(rig), NEVER);
  await expect(call).rejects.toMatchObject({ code: 'call-never-left', retryable: true });
  expect(await onlyRow(rig)).toMatchObject({ outcome: 'never-left', state: 'released' });
});

test('a TLS handshake that fails: never left, released', async () => {
  const server: Server = createServer((socket) => socket.end('this is not TLS'));
  server.listen(0, '127.0.0.1');
  onCleanup(() => void server.close());
  await once(server, 'listening');
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  const rig = await openRig();
  const endpoints = rigEndpoints(url);
  const broker = rig.another({ endpoints, limits: { tries: 1 } });
  const call = broker.handle(rig.who, post(`${url}/chat/completions`, chat()), NEVER);
  await expect(call).rejects.toMatchObject({ code: 'call-never-left' });
  expect(await onlyRow(rig)).toMatchObject({ outcome: 'never-left', state: 'released' });
});

function rigEndpoints(baseUrl: string) {
  const rates = { inputNusdPerMTok: 1, cachedInputNusdPerMTok: 1, cacheWriteNusdPerMTok: 1 };
  const own = { kind: 'own', rates: { ...rates, outputNusdPerMTok: 1 } } as const;
  const models = { paid: own };
  return [{ name: 'models', protocol: 'openai', baseUrl, apiKey: null, models }] as const;
}

test('aborted while streaming: presumed, also when nobody reads', async () => {
  const rig = await openRig();
  rig.server.script([{ gate: 'mid-stream', afterChunks: 2 }]);
  const stop = new AbortController();
  await rig.broker.handle(rig.who, chatRequest(rig, { stream: true }), stop.signal);
  await rig.server.waitForHeld(1);
  stop.abort();
  const ended = async () => (await rig.rows())[0]?.endedAt !== null;
  await waitUntil(ended, { what: 'the hold to end' });
  expect(await onlyRow(rig)).toMatchObject({ outcome: 'aborted', state: 'presumed' });
  expect(await rig.store.breakers.get('models')).toMatchObject({ failures: 0 });
});

test('a reader that walks away in the middle: aborted, presumed', async () => {
  const rig = await openRig();
  rig.server.script([{ gate: 'mid-stream', afterChunks: 2 }]);
  const answer = await rig.broker.handle(rig.who, chatRequest(rig, { stream: true }), NEVER);
  for await (const chunk of answer.body) {
    expect(chunk.byteLength).toBeGreaterThan(0);
    break;
  }
  expect(await onlyRow(rig)).toMatchObject({ outcome: 'aborted', state: 'presumed' });
});

test('a reader that stops at the end mark has had a whole answer: settled', async () => {
  const rig = await openRig();
  const answer = await rig.broker.handle(rig.who, chatRequest(rig, { stream: true }), NEVER);
  let text = '';
  for await (const chunk of answer.body) {
    text += Buffer.from(chunk).toString('utf8');
    if (text.includes('[DONE]')) break;
  }
  expect(await onlyRow(rig)).toMatchObject({ outcome: 'answered', state: 'settled' });
});

test('an actual above the bound is booked in full and trips the breaker', async () => {
  const usage = { completion_tokens: 5_000_000, total_tokens: 5_000_024 };
  const { rig } = await callUnder({ usage });
  const row = await onlyRow(rig);
  expect(row.state).toBe('settled');
  expect(row.actualNusd!).toBeGreaterThan(row.boundNusd);
  expect((await rig.store.breakers.get('models')).state).toBe('open');
  await expect(rig.broker.handle(rig.who, chatRequest(rig, { seed: 1 }), NEVER)).rejects.toThrow(
    'above the bound',
  );
});

test('an answer that names a dearer model is charged at that one’s price and trips', async () => {
  const { rig } = await callUnder({ model: 'dear' });
  const row = await onlyRow(rig);
  expect(row.actualNusd).toBe(rig.server.bill().totalNusd);
  expect((await rig.store.breakers.get('models')).reason).toContain('another model: dear');
});

test('an answer that names a cheaper model is charged at the price asked for', async () => {
  const { rig } = await callUnder({ model: 'free' });
  const row = await onlyRow(rig);
  expect(row.actualNusd).toBe(rig.server.bill().totalNusd);
  expect((await rig.store.breakers.get('models')).state).toBe('open');
});

test('an answer that names a model without a price is presumed and trips', async () => {
  const { rig } = await callUnder({ model: 'fixed' });
  expect(await onlyRow(rig)).toMatchObject({ outcome: 'answered-without-usage' });
  expect((await rig.store.breakers.get('models')).state).toBe('open');
});

test('every outcome but a crash of this process has a test above', () => {
  const here = ['answered', 'answered-without-usage', 'rejected-unbilled', 'server-error'];
  const lost = ['never-left', 'cut', 'timeout', 'aborted'];
  expect(Object.keys(OUTCOMES).toSorted()).toEqual([...here, ...lost, 'crashed'].toSorted());
});

test('a key that is echoed reaches neither payload, log nor database', async () => {
  const echo = JSON.stringify({ error: { message: `no such key: ${SECRET}`, code: SECRET } });
  const { rig, said } = await callUnder({ status: 400, body: echo });
  expect(said).toContain('[redacted]');
  const rows = JSON.stringify([await rig.rows(), await rig.store.events.since(0, 1_000)]);
  expect(said + rig.logged.join() + rows).not.toContain(SECRET);
  expect(rig.server.requests()[0]?.headers['authorization']).toBe(`Bearer ${SECRET}`);
});

test('a refusal is a RefusedError with its reason', async () => {
  const rig = await openRig();
  const call = rig.broker.handle(rig.who, chatRequest(rig, { model: 'dear' }), NEVER);
  await expect(call).rejects.toBeInstanceOf(RefusedError);
});
