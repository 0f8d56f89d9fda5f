import { spawn } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ask, post, streamAsk, prices } from './fixtures/asks.ts';
import type { BillRow, ModelServer } from './index.ts';
import { startModelServer } from './index.ts';

let model: ModelServer;

beforeEach(async () => {
  model = await startModelServer({ prices });
});

afterEach(async () => {
  await model.close();
});

function onlyRow(): BillRow {
  const { rows } = model.bill();
  expect(rows).toHaveLength(1);
  return rows[0] as BillRow;
}

describe('a fault', () => {
  test.each([401, 402, 500, 529])('of status %i is an error body, unbilled', async (status) => {
    model.script([{ status }]);
    const response = await post(model.url, ask);
    expect(response.status).toBe(status);
    expect(await response.json()).toHaveProperty('error.message');
    expect(model.bill().calls).toBe(0);
  });

  test('may hide that the work was done and is billed', async () => {
    model.script([
      { status: 502, accepted: true },
      { resetBeforeByte: true, accepted: true },
    ]);
    expect((await post(model.url, ask)).status).toBe(502);
    await expect(post(model.url, ask)).rejects.toThrow('fetch failed');
    const done = { outputTokens: 24, completed: false };
    expect(model.bill().rows).toMatchObject([done, done]);
  });

  test('can be an error body under status 200, or any body at all', async () => {
    model.script([{ errorBodyWith200: true }, { body: '<p>', contentType: 'text/html' }]);
    const wrapped = await post(model.url, ask);
    expect(wrapped.status).toBe(200);
    expect(await wrapped.json()).toHaveProperty('error.type', 'server_error');
    const raw = await post(model.url, ask);
    expect(raw.headers.get('content-type')).toBe('text/html');
    expect(await raw.text()).toBe('<p>');
    expect(model.bill().calls).toBe(1);
  });

  test('can be a reset before the first byte', async () => {
    model.script([{ resetBeforeByte: true }]);
    await expect(post(model.url, ask)).rejects.toThrow('fetch failed');
    expect(model.requests()).toHaveLength(1);
    expect(model.bill().calls).toBe(0);
  });

  test('can cut an answer that is no stream', async () => {
    model.script([{ cutAfterChunks: 0 }]);
    const response = await post(model.url, ask);
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow('terminated');
    expect(onlyRow()).toMatchObject({ outputTokens: 24, completed: false });
  });

  test('can cut after the content, before usage and the end mark', async () => {
    model.script([{ cutAfterChunks: 24 }]);
    await expect(streamAsk(model.url)).rejects.toThrow('terminated');
    expect(onlyRow()).toMatchObject({ outputTokens: 24, completed: false });
  });

  test('can delay, before the first byte and before each chunk', async () => {
    model.script([{ delayMs: 30 }, { chunkDelayMs: 5, replyTokens: 6 }]);
    const start = performance.now();
    await post(model.url, ask);
    expect(performance.now() - start).toBeGreaterThan(25);
    const second = performance.now();
    expect(await streamAsk(model.url)).toBe(6);
    expect(performance.now() - second).toBeGreaterThan(25);
  });

  test('meets the call it is meant for, in order, and persists when told to', async () => {
    model.script([
      { status: 500, onModel: 'large', times: 2 },
      { status: 503, onCall: 2 },
      { status: 429, onModel: 'large', times: 'always' },
    ]);
    const statuses = [];
    for (const name of ['small', 'small', 'large', 'large', 'large', 'large', 'small']) {
      statuses.push((await post(model.url, { ...ask, model: name })).status);
    }
    expect(statuses).toEqual([200, 503, 500, 500, 429, 429, 200]);
  });

  test('that nobody knows is refused, and the old script stays', () => {
    expect(() => model.script([{ statos: 500 } as never])).toThrow('"statos" is unknown');
    expect(() => model.script([{ status: 99 }])).toThrow('"status" has a wrong value');
    expect(() => model.script([{ toString: 1 } as never])).toThrow('"toString" is unknown');
  });
});

describe('a gate', () => {
  test('holds a call until it is released', async () => {
    model.script([{ gate: 'before-headers' }, { gate: 'mid-stream', afterChunks: 2 }]);
    const calls = [post(model.url, ask), streamAsk(model.url)];
    await model.waitForHeld(2);
    const generated = model.bill().rows.map(({ outputTokens }) => outputTokens);
    expect(generated.toSorted((a, b) => a - b)).toEqual([0, 2]);
    expect(model.release(1)).toBe(1);
    expect(model.held()).toBe(1);
    expect(model.release()).toBe(1);
    await Promise.all(calls);
    expect(model.bill().rows.map(({ completed }) => completed)).toEqual([true, true]);
    expect(model.release()).toBe(0);
  });

  test('lets go of a client that leaves, which pays for its input', async () => {
    model.script([{ gate: 'before-headers' }]);
    const leave = new AbortController();
    const call = post(model.url, ask, { signal: leave.signal });
    await model.waitForHeld(1);
    leave.abort();
    await expect(call).rejects.toThrow('abort');
    await model.waitForIdle();
    expect(model.held()).toBe(0);
    expect(onlyRow()).toMatchObject({ inputTokens: 15, outputTokens: 0, completed: false });
  });
});

describe('a process killed in the middle of a call', () => {
  test.each([
    ['before-headers', 0],
    ['mid-stream', 1],
  ] as const)(
    'at a gate %s is seen to be gone, and %i tokens are charged',
    async (gate, tokens) => {
      model.script([{ gate }]);
      const body = JSON.stringify({ ...ask, stream: true });
      const init = { method: 'POST', body, headers: { 'content-type': 'application/json' } };
      const program = `fetch('${model.url}/v1/chat/completions', ${JSON.stringify(init)})`;
      const child = spawn(process.execPath, ['-e', `${program}.then((answer) => answer.text())`]);
      await model.waitForHeld(1);
      child.kill('SIGKILL');
      await model.waitForIdle();
      expect(onlyRow()).toMatchObject({ inputTokens: 15, outputTokens: tokens, completed: false });
    },
  );
});

describe('another process', () => {
  test('scripts, waits, releases and reads through the control pages', async () => {
    const page = async (path: string, init?: RequestInit): Promise<unknown> =>
      (await fetch(`${model.url}${path}`, init)).json();
    const script = JSON.stringify([{ gate: 'before-headers' }]);
    expect(await page('/__script', { method: 'POST', body: script })).toEqual({ ok: true });
    const held = page('/__held?atLeast=1');
    const call = post(model.url, ask);
    expect(await held).toEqual({ held: 1 });
    expect(await page('/__release', { method: 'POST' })).toEqual({ released: 1 });
    await call;
    expect(await page('/__bill')).toEqual(model.bill());
    expect(await page('/__requests?atLeast=1')).toMatchObject([{ rawBody: JSON.stringify(ask) }]);
    const bad = await fetch(`${model.url}/__script`, { method: 'POST', body: '[{"x":1}]' });
    expect(bad.status).toBe(400);
  });
});

test('close ends hanging calls, waiters and idle sockets, and may be called again', async () => {
  model.script([{ hang: 'before-headers' }]);
  const lost = [post(model.url, ask), model.waitForCalls(9)];
  const outcomes = Promise.allSettled(lost);
  await model.waitForCalls(1);
  await model.close();
  await model.close();
  expect(await outcomes).toMatchObject([
    { status: 'rejected', reason: { message: 'fetch failed' } },
    { status: 'rejected', reason: { message: 'the server closed before: 9 requests' } },
  ]);
  await expect(post(model.url, ask)).rejects.toThrow('fetch failed');
});
