import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onCleanup } from '@nightshift/support';

/** What the server charged for one call, by its own rule. */
export interface Charged {
  readonly path: string;
  readonly raw: Buffer;
  readonly headers: IncomingHttpHeaders;
  readonly input: number;
  readonly output: number;
}

export interface Accountant {
  readonly url: string;
  readonly charged: readonly Charged[];
}

type Json = Record<string, unknown>;

/**
 * A provider of every wire that charges as much as a byte-level tokenizer possibly could: a token
 * for each byte it received, a few for each message, and all the output that the body allows.
 */
export async function startAccountant(): Promise<Accountant> {
  const charged: Charged[] = [];
  const server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      const raw = Buffer.concat(chunks);
      const body = JSON.parse(raw.toString('utf8')) as Json;
      const path = req.url ?? '';
      const call = { path, raw, headers: req.headers, ...tokensOf(path, body, raw.byteLength) };
      charged.push(call);
      res.end(replyTo(path, body, call));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onCleanup(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, charged };
}

function tokensOf(path: string, body: Json, bytes: number): { input: number; output: number } {
  const messages = [body['messages'], body['input']].find(Array.isArray) ?? [];
  const input = bytes + 8 * messages.length + 3;
  if (path.endsWith('/embeddings') || path.endsWith('/embed')) return { input, output: 0 };
  const options = body['options'] as Json | undefined;
  const limits = ['max_tokens', 'max_completion_tokens', 'max_output_tokens'];
  const limit = limits.map((name) => body[name]).find((value) => typeof value === 'number');
  const most = Number(limit ?? options?.['num_predict']);
  return { input, output: most * Number(body['n'] ?? 1) };
}

function replyTo(path: string, body: Json, { input, output }: Charged): string {
  const model = body['model'];
  const stream = body['stream'] === true;
  if (path.startsWith('/api/')) return ollama(path, model, input, output, stream);
  if (path.endsWith('/messages')) return anthropic(model, input, output, stream);
  if (path.endsWith('/responses')) return responses(model, input, output, stream);
  const usage = { prompt_tokens: input, completion_tokens: output, total_tokens: input + output };
  if (path.endsWith('/embeddings')) return JSON.stringify({ model, data: [], usage });
  if (!stream) return JSON.stringify({ model, choices: [{ message: { content: 'x' } }], usage });
  const asked = (body['stream_options'] as Json | undefined)?.['include_usage'] === true;
  const delta = { model, choices: [{ delta: { content: 'x' } }], usage: null };
  const last = asked ? events({ model, choices: [], usage }) : '';
  return `${events(delta)}${last}data: [DONE]\n\n`;
}

function ollama(path: string, model: unknown, input: number, output: number, stream: boolean) {
  const counts = { done: true, prompt_eval_count: input, eval_count: output };
  if (path === '/api/embed') return JSON.stringify({ model, embeddings: [], ...counts });
  const said = path === '/api/chat' ? { message: { content: 'x' } } : { response: 'x' };
  const first = stream ? `${JSON.stringify({ model, ...said, done: false })}\n` : '';
  return `${first}${JSON.stringify({ model, ...said, ...counts })}\n`;
}

function anthropic(model: unknown, input: number, output: number, stream: boolean): string {
  const usage = { input_tokens: input, output_tokens: output };
  const content = [{ type: 'text', text: 'x' }];
  if (!stream) return JSON.stringify({ model, content, stop_reason: 'end_turn', usage });
  return events(
    { type: 'message_start', message: { model, usage: { ...usage, output_tokens: 1 } } },
    { type: 'content_block_start', index: 0 },
    { type: 'message_delta', delta: {}, usage: { output_tokens: output } },
    { type: 'message_stop' },
  );
}

function responses(model: unknown, input: number, output: number, stream: boolean): string {
  const usage = { input_tokens: input, output_tokens: output, total_tokens: input + output };
  const response = { model, status: 'completed', output: [{}], error: null, usage };
  if (!stream) return JSON.stringify(response);
  return events({ type: 'response.created' }, { type: 'response.completed', response });
}

function events(...all: unknown[]): string {
  return all.map((each) => `data: ${JSON.stringify(each)}\n\n`).join('');
}
