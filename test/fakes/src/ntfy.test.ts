import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { NtfyServer } from './index.ts';
import { startNtfy } from './index.ts';

let ntfy: NtfyServer;

beforeEach(async () => {
  ntfy = await startNtfy();
});

afterEach(async () => {
  await ntfy.close();
});

function publish(body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return fetch(ntfy.url, { method: 'POST', body: text, headers });
}

describe('a publish', () => {
  test('is stored and answered with its id', async () => {
    const alert = {
      topic: 'alerts',
      message: 'worker silent',
      title: 'Nightshift',
      priority: 5,
      tags: ['rotating_light'],
      click: 'http://127.0.0.1/status',
    };
    const answer = await (await publish(alert)).json();
    expect(answer).toMatchObject({ ...alert, event: 'message' });
    expect(answer).toHaveProperty('id', expect.stringMatching(/^[A-Za-z0-9]{12}$/u));
    expect(ntfy.messages()).toEqual([answer]);
    expect(await (await fetch(`${ntfy.url}/__messages`)).json()).toEqual([answer]);
  });

  test('may be empty but for its topic', async () => {
    expect((await publish({ topic: 'alerts' })).status).toBe(200);
    expect(ntfy.messages()[0]?.message).toBe('triggered');
  });

  test.each([
    ['no JSON', 'hello', 400, 40017],
    ['tags that are no list', { topic: 'a', tags: 'x' }, 400, 40017],
    ['a priority in words', { topic: 'a', priority: 'high' }, 400, 40017],
    ['no topic', { message: 'x' }, 400, 40017],
    ['a topic with a slash', { topic: 'a/b' }, 400, 40009],
    ['a reserved topic', { topic: 'docs' }, 400, 40010],
    ['priority 6', { topic: 'a', priority: 6 }, 400, 40007],
    ['4,097 bytes', { topic: 'a', message: 'x'.repeat(4097) }, 400, 40014],
    ['2,049 characters of two bytes', { topic: 'a', message: 'ä'.repeat(2049) }, 400, 40014],
    ['more than 8,192 bytes in all', { topic: 'a', message: 'x'.repeat(8192) }, 413, 41303],
  ])('with %s is refused', async (_, body, status, code) => {
    const response = await publish(body);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ code, http: status });
    expect(ntfy.messages()).toEqual([]);
  });

  test('of exactly 4,096 bytes is taken', async () => {
    expect((await publish({ topic: 'a', message: 'x'.repeat(4096) })).status).toBe(200);
  });

  test('needs the token, where there is one', async () => {
    await ntfy.close();
    ntfy = await startNtfy({ token: 'tk_fake' });
    expect((await publish({ topic: 'a' })).status).toBe(403);
    expect((await publish({ topic: 'a' }, { authorization: 'Bearer tk_other' })).status).toBe(401);
    expect((await publish({ topic: 'a' }, { authorization: 'Bearer tk_fake' })).status).toBe(200);
  });
});

describe('a fault', () => {
  test('is a burst limit, a daily limit, or a broken server', async () => {
    ntfy.script([{ status: 429 }, { status: 429, code: 42908, retryAfter: 60 }, { status: 503 }]);
    const burst = await publish({ topic: 'a' });
    expect(await burst.json()).toMatchObject({ code: 42901, http: 429 });
    const daily = await publish({ topic: 'a' });
    expect(daily.headers.get('retry-after')).toBe('60');
    expect(await daily.json()).toMatchObject({ code: 42908, http: 429 });
    expect((await publish({ topic: 'a' })).status).toBe(503);
    expect(ntfy.messages()).toEqual([]);
  });

  test('can lose the message, or only the answer to it', async () => {
    ntfy.script([{ resetBeforeByte: true }, { resetBeforeByte: true, accepted: true }]);
    await expect(publish({ topic: 'a', message: 'lost' })).rejects.toThrow('fetch failed');
    await expect(publish({ topic: 'a', message: 'kept' })).rejects.toThrow('fetch failed');
    expect(ntfy.messages().map(({ message }) => message)).toEqual(['kept']);
  });

  test('can hold a delivery before or after it is stored', async () => {
    ntfy.script([{ gate: 'before-headers' }, { gate: 'before-headers', accepted: true }]);
    const first = publish({ topic: 'a', message: 'first' });
    await ntfy.waitForHeld(1);
    const second = publish({ topic: 'a', message: 'second' });
    await ntfy.waitForHeld(2);
    expect(ntfy.messages().map(({ message }) => message)).toEqual(['second']);
    ntfy.release();
    await Promise.all([first, second]);
    await ntfy.waitForMessages(2);
    expect(ntfy.messages().map(({ message }) => message)).toEqual(['second', 'first']);
  });

  test('can hang until the client gives up', async () => {
    ntfy.script([{ hang: 'before-headers' }]);
    const signal = AbortSignal.timeout(50);
    const call = fetch(ntfy.url, { method: 'POST', body: '{"topic":"a"}', signal });
    await expect(call).rejects.toThrow('timeout');
    await ntfy.waitForIdle();
    expect(ntfy.messages()).toEqual([]);
  });

  test('in the middle of a stream does not exist here', () => {
    expect(() => ntfy.script([{ gate: 'mid-stream' }])).toThrow('"gate" has a wrong value');
    expect(() => ntfy.script([{ cutAfterChunks: 1 } as never])).toThrow('"cutAfterChunks"');
  });
});
