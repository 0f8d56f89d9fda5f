import type { HttpRequest, HttpResponse } from '@nightshift/domain';
import { RefusedError } from '@nightshift/domain';
import { expect, test } from 'vitest';
import { chunks, fixture, textResponse, tryAgent } from '../../test/try-agent.ts';

const usage = { prompt_tokens: 7, completion_tokens: 2, total_tokens: 9 };
const models = {
  smart: { kind: 'endpoint', protocol: 'openai', baseUrl: 'http://models.test/v1', model: 'm' },
  local: { kind: 'endpoint', protocol: 'ollama', baseUrl: 'http://ollama.test', model: 'm' },
  plain: { kind: 'extractive' },
} as const;

/** OpenAI's chat completions, as a server answers them. */
async function completions(request: HttpRequest): Promise<HttpResponse> {
  const { stream } = JSON.parse(Buffer.from(request.body).toString()) as { stream?: boolean };
  const base = { id: 'c', created: 1, model: 'm' };
  if (stream !== true) {
    const message = { role: 'assistant', content: 'good night' };
    const choices = [{ index: 0, message, finish_reason: 'stop' }];
    const body = { ...base, object: 'chat.completion', choices, usage };
    return textResponse(JSON.stringify(body), 200, 'application/json');
  }
  const event = (choices: unknown[], more = {}): string =>
    `data: ${JSON.stringify({ ...base, object: 'chat.completion.chunk', choices, ...more })}\n\n`;
  const delta = (content: string): string => event([{ index: 0, delta: { content } }]);
  const end = event([{ index: 0, delta: {}, finish_reason: 'stop' }]);
  const body = chunks(
    delta('good '),
    delta('night'),
    end,
    event([], { usage }),
    'data: [DONE]\n\n',
  );
  return { status: 200, headers: [['content-type', 'text/event-stream']], body };
}

test.each(['smart', 'local'])('generateText and streamText go through model %s', async (alias) => {
  const input = { alias, prompt: 'hello' };
  const trial = await tryAgent(fixture('models'), { input, http: completions, run: { models } });
  expect([trial.outcome, trial.output]).toEqual([{ kind: 'done' }, []]);
  expect(trial.reports[0]!.data).toEqual({
    whole: { text: 'good night', input: 7, output: 2 },
    parts: ['good ', 'night'],
    streamed: 2,
  });
  const host = alias === 'smart' ? 'http://models.test' : 'http://ollama.test';
  expect(trial.requests.map(({ url, step }) => [url, step])).toEqual([
    [`${host}/v1/chat/completions`, 'whole'],
    [`${host}/v1/chat/completions`, ''],
  ]);
});

test('the extractive model answers without a request', async () => {
  const prompt = 'The gate opened late. The gate opened late again at night. Soup is warm.';
  const input = { alias: 'plain', prompt };
  const trial = await tryAgent(fixture('models'), { input, run: { models } });
  expect(trial.outcome).toEqual({ kind: 'done' });
  expect(trial.requests).toEqual([]);
  expect(trial.reports[0]!.data).toMatchObject({ whole: { text: prompt, input: 0, output: 0 } });
});

test('a model that was not allowed is an error that names the allowed ones', async () => {
  const input = { alias: 'other', prompt: '' };
  const { outcome } = await tryAgent(fixture('models'), { input, run: { models } });
  expect(outcome).toMatchObject({ kind: 'failed', error: { code: 'model-unknown' } });
  expect(outcome).toHaveProperty('error.message', expect.stringContaining('smart, local, plain'));
});

test('an overloaded provider and a refusal are asked once', async () => {
  const input = { alias: 'smart', prompt: 'hello' };
  const busy = async (): Promise<HttpResponse> => textResponse('{"error":{"message":"busy"}}', 529);
  const trial = await tryAgent(fixture('models'), { input, http: busy, run: { models } });
  expect([trial.outcome.kind, trial.requests.length]).toEqual(['failed', 1]);
  const refused = await tryAgent(fixture('models'), { input, http: refuse, run: { models } });
  expect(refused.outcome).toMatchObject({
    error: { code: 'refused' },
    refusal: { reason: 'cap-day' },
  });
  expect(refused.requests).toHaveLength(1);
});

test('the stock openai client works unchanged, whole and streamed', async () => {
  const trial = await tryAgent(fixture('stock-clients'), { input: 'openai', http: completions });
  expect(trial.outcome).toEqual({ kind: 'done' });
  const parts = ['good ', 'night', '', ''];
  expect(trial.reports[0]!.data).toEqual({ whole: 'good night', parts });
  expect(trial.requests[0]!.headers).toContainEqual(['authorization', 'Bearer placeholder']);
});

test.each(['openai', 'anthropic'])(
  'the stock %s client asks a gate that refuses once',
  async (input) => {
    const trial = await tryAgent(fixture('stock-clients'), { input, http: refuse });
    expect(trial.outcome).toMatchObject({ kind: 'failed', refusal: { reason: 'cap-day' } });
    expect(trial.outcome).toHaveProperty('error.message', expect.stringContaining('403'));
    expect(trial.requests).toHaveLength(1);
  },
);

async function refuse(): Promise<never> {
  throw new RefusedError({ reason: 'cap-day', message: 'the day is spent' });
}
