import { once } from 'node:events';
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Clock, type Nusd, tokenCost } from '@nightshift/domain';

/** Dollars per million tokens, as the demonstration's configuration states them. */
export const DEMO_PRICE = { inputPerMTok: '$1.00', outputPerMTok: '$10.00' } as const;
const INPUT_RATE_NUSD = 1_000_000_000;
const OUTPUT_RATE_NUSD = 10_000_000_000;

/** A call takes this long, ms, so that a person can watch the money go. */
const ANSWER_MS = 80;
/** No call of the demonstration comes near it. */
const REQUEST_MAX_BYTES = 64 * 1024;
const JSON_HEADERS = { 'content-type': 'application/json' };

/** What the model's side of the wire counted by itself. */
export interface EndpointBill {
  readonly calls: number;
  readonly billedNusd: Nusd;
}

/** A model server on loopback that keeps its own bill. */
export interface ModelEndpoint {
  /** As `baseUrl` of a configuration. */
  readonly baseUrl: string;
  readonly model: string;
  bill(): EndpointBill;
  close(): Promise<void>;
}

/**
 * Starts a tiny server that speaks OpenAI's chat completions on a free loopback port. It generates
 * as many tokens as it is allowed to and bills each of them, knowing nothing of the ledger: what it
 * counts can be held against what the ledger says.
 */
export async function startModelEndpoint(clock: Clock): Promise<ModelEndpoint> {
  const model = 'runaway-1';
  let calls = 0;
  let billedNusd = 0;
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    try {
      const { body, costNusd } = await answer(request, clock, model);
      calls++;
      billedNusd += costNusd;
      response.writeHead(200, JSON_HEADERS).end(body);
    } catch {
      response.writeHead(400, JSON_HEADERS).end('{}');
    }
  };
  const server = createServer((request, response) => void serve(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    model,
    bill: () => ({ calls, billedNusd }),
    close: () => close(server),
  };
}

async function answer(
  request: AsyncIterable<Buffer>,
  clock: Clock,
  model: string,
): Promise<{ body: string; costNusd: Nusd }> {
  const text = await read(request);
  const { max_tokens: outputTokens } = JSON.parse(text) as { max_tokens: number };
  // About four bytes a token, as tokenizers do with English.
  const inputTokens = Math.ceil(text.length / 4);
  const body = JSON.stringify({
    id: `chatcmpl-${clock.now()}`,
    object: 'chat.completion',
    created: Math.floor(clock.now() / 1000),
    model,
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: 'Let me think about that once more.' },
        finish_reason: 'length',
      },
    ],
    usage: {
      prompt_tokens: inputTokens,
      completion_tokens: outputTokens,
      total_tokens: inputTokens + outputTokens,
    },
  });
  const costNusd =
    tokenCost(inputTokens, INPUT_RATE_NUSD) + tokenCost(outputTokens, OUTPUT_RATE_NUSD);
  await sleep(ANSWER_MS);
  return { body, costNusd };
}

async function read(request: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.length;
    if (length > REQUEST_MAX_BYTES) throw new RangeError('the body is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

async function close(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}
