import { Ollama } from 'ollama';
import OpenAI, { APIConnectionError, NotFoundError, RateLimitError } from 'openai';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { BillRow, ModelServer } from './index.ts';
import { startModelServer } from './index.ts';

const prices = {
  small: { inputNusdPerMTok: 3_000_000_000, outputNusdPerMTok: 15_000_000_000 },
  large: { inputNusdPerMTok: 30_000_000_001, outputNusdPerMTok: 75_000_000_000 },
};
const messages = [{ role: 'user' as const, content: 'How are things at night?' }];
const ask = { model: 'small', messages };

let model: ModelServer;
let openai: OpenAI;

beforeEach(async () => {
  model = await startModelServer({ prices });
  openai = new OpenAI({ apiKey: 'k', baseURL: `${model.url}/v1`, maxRetries: 0 });
});

afterEach(async () => {
  await model.close();
});

function onlyRow(): BillRow {
  const { rows } = model.bill();
  expect(rows).toHaveLength(1);
  return rows[0] as BillRow;
}

function post(body: unknown, init: RequestInit = {}): Promise<Response> {
  return fetch(`${model.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    ...init,
  });
}

async function streamed(params: object = {}): Promise<{ text: string; chunks: number }> {
  const response = await post({ ...ask, stream: true, ...params });
  let text = '';
  for await (const piece of response.body as AsyncIterable<Uint8Array>) {
    text += Buffer.from(piece).toString();
  }
  return { text, chunks: text.split('"content":"word').length - 1 };
}

describe('the stock OpenAI client', () => {
  test('gets an answer whose usage is the bill', async () => {
    const answer = await openai.chat.completions.create(ask);
    const row = onlyRow();
    expect(answer.choices[0]?.message.content).toMatch(/^word1 word2 .* word24$/u);
    expect(answer.choices[0]?.finish_reason).toBe('stop');
    expect(answer.usage?.prompt_tokens).toBe(row.inputTokens);
    expect(answer.usage?.completion_tokens).toBe(row.outputTokens);
    // 24 bytes are 8 tokens, 4 for the message, 3 for the request; 24 tokens out.
    expect(row).toMatchObject({ inputTokens: 15, outputTokens: 24, completed: true });
    expect(row.costNusd).toBe(15 * 3_000 + 24 * 15_000);
    expect(model.bill().totalNusd).toBe(row.costNusd);
    expect(row.requestBody).toEqual(ask);
  });

  test('gets a stream whose usage is the bill, when it asks for usage', async () => {
    const stream = await openai.chat.completions.create({
      ...ask,
      n: 2,
      max_completion_tokens: 5,
      stream: true,
      stream_options: { include_usage: true },
    });
    const texts = ['', ''];
    const usages: unknown[] = [];
    for await (const chunk of stream) {
      usages.push(chunk.usage);
      for (const { index, delta } of chunk.choices) texts[index] += delta.content ?? '';
    }
    const row = onlyRow();
    expect(texts).toEqual(['word1 word2 word3 word4 word5 ', 'word1 word2 word3 word4 word5 ']);
    expect(row).toMatchObject({ outputTokens: 10, completed: true });
    expect(usages.pop()).toMatchObject({ prompt_tokens: row.inputTokens, completion_tokens: 10 });
    expect(new Set(usages)).toEqual(new Set([null]));
  });

  test('gets no usage from a stream it did not ask', async () => {
    const stream = await openai.chat.completions.create({ ...ask, stream: true });
    const chunks = await Array.fromAsync(stream);
    expect(chunks.length).toBeGreaterThan(24);
    expect(chunks.filter((chunk) => 'usage' in chunk)).toEqual([]);
  });

  test('gets its own error classes, with the retry delay, unbilled', async () => {
    model.script([{ status: 429, retryAfter: 7, times: 1 }]);
    const limited = await openai.chat.completions.create(ask).catch((error: unknown) => error);
    expect(limited).toBeInstanceOf(RateLimitError);
    expect((limited as RateLimitError).code).toBe('rate_limit_exceeded');
    expect((limited as RateLimitError).headers.get('retry-after')).toBe('7');
    const unknown = openai.chat.completions.create({ ...ask, model: 'none' });
    await expect(unknown).rejects.toBeInstanceOf(NotFoundError);
    expect(model.bill()).toEqual({ calls: 0, totalNusd: 0, rows: [] });
    expect(model.requests()).toHaveLength(2);
  });

  test('lists the models', async () => {
    const { data } = await openai.models.list();
    expect(data.map(({ id }) => id)).toEqual(['small', 'large']);
  });
});

describe('the stock Ollama client', () => {
  test('gets counts that are the bill, streaming and not', async () => {
    const ollama = new Ollama({ host: model.url });
    const options = { num_predict: 4 };
    const whole = await ollama.chat({ model: 'large', messages, options, stream: false });
    const parts = await Array.fromAsync(await ollama.chat({ ...ask, stream: true }));
    const [first, second] = model.bill().rows;
    expect(whole).toMatchObject({ prompt_eval_count: first?.inputTokens, eval_count: 4 });
    expect(whole).toMatchObject({ done_reason: 'length', done: true });
    expect(first).toMatchObject({ model: 'large', path: '/api/chat', outputTokens: 4 });
    expect(first?.costNusd).toBe(Math.ceil((15 * 30_000_000_001 + 4 * 75_000_000_000) / 1e6));
    expect(parts.at(-1)).toMatchObject({ eval_count: second?.outputTokens, done: true });
    expect(parts).toHaveLength(25);
    expect((await ollama.list()).models.map(({ name }) => name)).toEqual(['small', 'large']);
  });

  test('is told what it did wrong', async () => {
    const say = (body: unknown): Promise<Response> =>
      fetch(`${model.url}/api/chat`, { method: 'POST', body: JSON.stringify(body) });
    expect(await (await say({ messages })).json()).toEqual({ error: 'model is required' });
    expect((await say({ model: 'none', messages })).status).toBe(404);
    expect(await (await say({ model: 'small' })).json()).toMatchObject({ done_reason: 'load' });
    expect(model.bill().calls).toBe(0);
  });
});

describe('a call the real API would refuse', () => {
  test.each([
    ['broken JSON', '{"model":', 400, null],
    ['a prototype as its model', '{"model":"__proto__","messages":[]}', 404, 'model_not_found'],
    ['no model', { messages }, 400, null],
    ['no messages', { model: 'small' }, 400, 'missing_required_parameter'],
    ['no message in the list', { model: 'small', messages: [] }, 400, 'empty_array'],
    ['an unknown role', { model: 'small', messages: [{ role: 'x' }] }, 400, 'invalid_value'],
    ['zero tokens', { ...ask, max_tokens: 0 }, 400, 'invalid_value'],
    ['129 choices', { ...ask, n: 129 }, 400, 'invalid_value'],
    ['stream options without a stream', { ...ask, stream_options: {} }, 400, null],
    [
      'two maxima',
      { ...ask, max_tokens: 1, max_completion_tokens: 1 },
      400,
      'invalid_parameter_combination',
    ],
  ])('with %s is refused, unbilled, and uses up no fault', async (_, body, status, code) => {
    model.script([{ status: 500 }]);
    const response = await post(body);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ error: { code } });
    expect(model.bill().calls).toBe(0);
    expect((await post(ask)).status).toBe(500);
  });

  test('without the key that is required, or with another', async () => {
    const strict = await startModelServer({ prices, requireKey: 'right' });
    const call = async (headers: Record<string, string>): Promise<number> => {
      const body = JSON.stringify(ask);
      const init = { method: 'POST', body, headers: { 'content-type': 'application/json' } };
      Object.assign(init.headers, headers);
      return (await fetch(`${strict.url}/v1/chat/completions`, init)).status;
    };
    expect(await call({})).toBe(401);
    expect(await call({ authorization: 'Bearer wrong' })).toBe(401);
    expect(await call({ authorization: 'Bearer right' })).toBe(200);
    await strict.close();
  });

  test('beyond the body limit', async () => {
    const narrow = await startModelServer({ prices, maxBodyBytes: 1000 });
    const body = JSON.stringify({ ...ask, padding: 'x'.repeat(1000) });
    const response = await fetch(`${narrow.url}/v1/chat/completions`, { method: 'POST', body });
    expect(response.status).toBe(413);
    await narrow.close();
  });
});

describe('the bill', () => {
  test('never counts more input tokens than bytes, images excepted', async () => {
    const texts = ['', 'a', 'ä'.repeat(7), '🙂🙂', 'x'.repeat(10_000)];
    for (const content of texts) await post({ ...ask, messages: [{ role: 'user', content }] });
    const counted = model.bill().rows.map(({ inputTokens }) => inputTokens);
    const bounds = texts.map((content) => Buffer.byteLength(content) + 4 + 3);
    expect(counted.every((tokens, index) => tokens <= (bounds[index] as number))).toBe(true);
    const image = { type: 'image_url', image_url: { url: 'http://a.invalid' } };
    await post({ ...ask, messages: [{ role: 'user', content: [image] }] });
    expect(model.bill().rows.at(-1)?.inputTokens).toBe(765 + 4 + 3);
  });

  test('charges a stream that is cut for what came until then', async () => {
    model.script([{ cutAfterChunks: 3 }]);
    await expect(streamed()).rejects.toThrow('terminated');
    expect(onlyRow()).toMatchObject({ outputTokens: 3, completed: false });
    expect(onlyRow().costNusd).toBe(15 * 3_000 + 3 * 15_000);
  });

  test('charges a client that leaves for what came until then', async () => {
    model.script([{ hang: 'mid-stream', afterChunks: 5 }]);
    const leave = new AbortController();
    const response = await post({ ...ask, stream: true }, { signal: leave.signal });
    await response.body?.getReader().read();
    leave.abort();
    await model.waitForIdle();
    expect(onlyRow()).toMatchObject({ outputTokens: 5, completed: false });
  });

  test('stays true when usage lies, is missing, or claims to cost nothing', async () => {
    const usage = { prompt_tokens: 1, completion_tokens: 0, total_tokens: 1 };
    model.script([{ usage }, { omitUsage: true }, { costZero: true }]);
    const answers = [];
    for (let n = 0; n < 3; n++) answers.push(await openai.chat.completions.create(ask));
    expect(answers[0]?.usage).toMatchObject(usage);
    expect(answers[1]).not.toHaveProperty('usage');
    expect(answers[2]?.usage).toMatchObject({ cost: 0, completion_tokens: 24 });
    expect(model.bill().rows.map(({ outputTokens }) => outputTokens)).toEqual([24, 24, 24]);
  });

  test('is that of the model which served', async () => {
    model.script([{ model: 'large' }]);
    expect((await openai.chat.completions.create(ask)).model).toBe('large');
    expect(onlyRow()).toMatchObject({ model: 'large', requestBody: { model: 'small' } });
  });

  test('can exceed the maximum asked for', async () => {
    model.script([{ replyTokens: 50, ignoreLimit: true }, { replyTokens: 50 }]);
    await post({ ...ask, max_tokens: 10 });
    await post({ ...ask, max_tokens: 10 });
    expect(model.bill().rows.map(({ outputTokens }) => outputTokens)).toEqual([50, 10]);
  });
});

describe('a fault', () => {
  test.each([401, 402, 500, 529])('of status %i is an error body, unbilled', async (status) => {
    model.script([{ status }]);
    const response = await post(ask);
    expect(response.status).toBe(status);
    expect(await response.json()).toHaveProperty('error.message');
    expect(model.bill().calls).toBe(0);
  });

  test('may hide that the work was done and is billed', async () => {
    model.script([
      { status: 502, accepted: true },
      { resetBeforeByte: true, accepted: true },
    ]);
    expect((await post(ask)).status).toBe(502);
    await expect(post(ask)).rejects.toThrow('fetch failed');
    const done = { outputTokens: 24, completed: false };
    expect(model.bill().rows).toMatchObject([done, done]);
  });

  test('can be an error body under status 200, or any body at all', async () => {
    model.script([{ errorBodyWith200: true }, { body: '<p>', contentType: 'text/html' }]);
    const wrapped = await post(ask);
    expect(wrapped.status).toBe(200);
    expect(await wrapped.json()).toHaveProperty('error.type', 'server_error');
    const raw = await post(ask);
    expect(raw.headers.get('content-type')).toBe('text/html');
    expect(await raw.text()).toBe('<p>');
    expect(model.bill().calls).toBe(1);
  });

  test('can be a reset before the first byte', async () => {
    model.script([{ resetBeforeByte: true }]);
    const call = openai.chat.completions.create(ask);
    await expect(call).rejects.toBeInstanceOf(APIConnectionError);
    expect(model.requests()).toHaveLength(1);
    expect(model.bill().calls).toBe(0);
  });

  test('can cut an answer that is no stream', async () => {
    model.script([{ cutAfterChunks: 0 }]);
    const response = await post(ask);
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow('terminated');
    expect(onlyRow()).toMatchObject({ outputTokens: 24, completed: false });
  });

  test('can cut after the content, before usage and the end mark', async () => {
    model.script([{ cutAfterChunks: 24 }]);
    await expect(streamed()).rejects.toThrow('terminated');
    expect(onlyRow()).toMatchObject({ outputTokens: 24, completed: false });
  });

  test('can delay, before the first byte and before each chunk', async () => {
    model.script([{ delayMs: 30 }, { chunkDelayMs: 5, replyTokens: 6 }]);
    const start = performance.now();
    await post(ask);
    expect(performance.now() - start).toBeGreaterThan(25);
    const second = performance.now();
    expect((await streamed()).chunks).toBe(6);
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
      statuses.push((await post({ ...ask, model: name })).status);
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
    const calls = [post(ask), streamed()];
    await model.waitForHeld(2);
    expect(
      model
        .bill()
        .rows.map(({ outputTokens }) => outputTokens)
        .toSorted(),
    ).toEqual([0, 2]);
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
    const call = post(ask, { signal: leave.signal });
    await model.waitForHeld(1);
    leave.abort();
    await expect(call).rejects.toThrow('abort');
    await model.waitForIdle();
    expect(model.held()).toBe(0);
    expect(onlyRow()).toMatchObject({ inputTokens: 15, outputTokens: 0, completed: false });
  });
});

describe('another process', () => {
  test('scripts, waits, releases and reads through the control pages', async () => {
    const page = async (path: string, init?: RequestInit): Promise<unknown> =>
      (await fetch(`${model.url}${path}`, init)).json();
    const script = JSON.stringify([{ gate: 'before-headers' }]);
    expect(await page('/__script', { method: 'POST', body: script })).toEqual({ ok: true });
    const held = page('/__held?atLeast=1');
    const call = post(ask);
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
  const hanging = expect(post(ask)).rejects.toThrow('fetch failed');
  await model.waitForCalls(1);
  const waiting = expect(model.waitForCalls(9)).rejects.toThrow('the server closed before');
  await model.close();
  await model.close();
  await Promise.all([hanging, waiting]);
  await expect(post(ask)).rejects.toThrow('fetch failed');
});
