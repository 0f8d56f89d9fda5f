import { REQUEST_MAX_BYTES } from '../channel/protocol.ts';
import type { Client, ClientResponse } from './client.ts';
import { RefusedError } from './errors.ts';
import { AgentError } from 'nightshift/runtime';
import type { Steps } from 'nightshift/runtime';

const BODYLESS: ReadonlySet<number> = new Set([204, 205, 304]);

/**
 * `fetch` over the channel. The request's body is read whole first, because the body is what gets
 * metered; the response's is streamed. `redirect`, `cache`, `credentials` and `dispatcher` mean
 * nothing here: redirects are followed outside, where each hop is checked.
 *
 * A refused call rejects with {@link RefusedError}. The OpenAI and Anthropic clients try again
 * after any error that `fetch` throws, so their requests (known by `x-stainless-lang`) get the same
 * refusal as a 403, which they report at once; and every failed response tells them through
 * `x-should-retry` that retries were made already, outside.
 */
export function makeFetch(client: Client, steps: Steps): typeof globalThis.fetch {
  return async function fetch(input, init) {
    const request = new Request(input, init);
    const { step, ordinal } = steps.nextCall();
    const body = await readBody(request);
    const head = {
      method: request.method,
      url: request.url,
      headers: [...request.headers],
      step,
      ordinal,
    };
    try {
      return response(request.url, await client.http(head, body, request.signal));
    } catch (error) {
      if (error instanceof RefusedError && request.headers.has('x-stainless-lang')) {
        return refusedResponse(error);
      }
      throw error;
    }
  };
}

async function readBody(request: Request): Promise<Uint8Array> {
  if (request.body === null) return new Uint8Array();
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of request.body) {
    length += part.length;
    if (length > REQUEST_MAX_BYTES) {
      throw new AgentError(
        'request-too-large',
        `the body of a request to ${request.url} is over ${REQUEST_MAX_BYTES} bytes`,
      );
    }
    parts.push(part);
  }
  return Buffer.concat(parts, length);
}

function response(url: string, answer: ClientResponse): Response {
  const headers = new Headers(answer.headers as [string, string][]);
  if (answer.status >= 400) headers.set('x-should-retry', 'false');
  const body = BODYLESS.has(answer.status) ? null : bodyStream(answer);
  const result = new Response(body, { status: answer.status, headers });
  Object.defineProperty(result, 'url', { value: url });
  return result;
}

function bodyStream(answer: ClientResponse): ReadableStream<Uint8Array> {
  const { body } = answer;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const bytes = await body.read();
        if (bytes === null) controller.close();
        else controller.enqueue(bytes);
      },
      cancel(reason) {
        body.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}

function refusedResponse(error: RefusedError): Response {
  const { reason } = error.refusal;
  const body = { error: { type: 'refused', code: reason, message: error.message } };
  return Response.json(body, { status: 403, headers: { 'x-should-retry': 'false' } });
}
