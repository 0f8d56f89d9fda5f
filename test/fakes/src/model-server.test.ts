import { Ollama } from 'ollama';
import OpenAI, { NotFoundError, RateLimitError } from 'openai';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ask, messages, post, prices, streamAsk } from './fixtures/asks.ts';
import type { BillRow, ModelServer } from './index.ts';
import { startModelServer } from './index.ts';

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

describe('the stock OpenAI client', () => {
  test('gets an answer whose usage is the bill', async () => {
    const answer = await openai.chat.completions.create(ask);
    const row = onlyRow();
    expect(answer.choices[0]?.message.content).toMatch(/^word1 word2 .* word24$/u);
    expect(answer.choices[0]?.finish_reason).toBe('stop');
    expect(answer.usage?.prompt_tokens).toBe(row.inputTokens);
    expect(answer.usage?.completion_tokens).toBe(row.outputTokens);
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
    const response = await post(model.url, body);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ error: { code } });
    expect(model.bill().calls).toBe(0);
    expect((await post(model.url, ask)).status).toBe(500);
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
    for (const content of texts)
      await post(model.url, { ...ask, messages: [{ role: 'user', content }] });
    const counted = model.bill().rows.map(({ inputTokens }) => inputTokens);
    const bounds = texts.map((content) => Buffer.byteLength(content) + 4 + 3);
    expect(counted.every((tokens, index) => tokens <= (bounds[index] as number))).toBe(true);
    const image = { type: 'image_url', image_url: { url: 'http://a.invalid' } };
    await post(model.url, { ...ask, messages: [{ role: 'user', content: [image] }] });
    expect(model.bill().rows.at(-1)?.inputTokens).toBe(765 + 4 + 3);
  });

  test('charges a stream that is cut for what came until then', async () => {
    model.script([{ cutAfterChunks: 3 }]);
    await expect(streamAsk(model.url)).rejects.toThrow('terminated');
    expect(onlyRow()).toMatchObject({ outputTokens: 3, completed: false });
    expect(onlyRow().costNusd).toBe(15 * 3_000 + 3 * 15_000);
  });

  test('charges a client that leaves for what came until then', async () => {
    model.script([{ hang: 'mid-stream', afterChunks: 5 }]);
    const leave = new AbortController();
    const response = await post(model.url, { ...ask, stream: true }, { signal: leave.signal });
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
    await post(model.url, { ...ask, max_tokens: 10 });
    await post(model.url, { ...ask, max_tokens: 10 });
    expect(model.bill().rows.map(({ outputTokens }) => outputTokens)).toEqual([50, 10]);
  });
});
