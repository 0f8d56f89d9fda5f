import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onCleanup } from '@nightshift/support';
import { expect, test } from 'vitest';
import { post } from './post.ts';

async function serve(listener: RequestListener): Promise<URL> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onCleanup(() => {
    server.closeAllConnections();
    server.close();
  });
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/secret-path`);
}

const sent = { headers: { 'x-a': 'b' }, body: 'é' };

test('sends the body and gives the answer back', async () => {
  const url = await serve((request, response) => {
    request.resume();
    response.writeHead(418, { 'retry-after': '3' });
    response.end(
      `${request.method} ${request.headers['content-length']} ${String(request.headers['x-a'])}`,
    );
  });
  const answer = await post({ url, ...sent });
  expect(answer).toMatchObject({ status: 418, body: 'POST 2 b' });
  expect(answer.headers['retry-after']).toBe('3');
});

test('follows no redirect', async () => {
  const url = await serve((_request, response) => {
    response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end();
  });
  expect((await post({ url, ...sent })).status).toBe(302);
});

test.each([
  ['says nothing', (() => undefined) satisfies RequestListener],
  [
    'stops in the middle',
    ((_request, response) => void response.write('half')) satisfies RequestListener,
  ],
])('a server that %s is given up after the time', async (_what, listener) => {
  const url = await serve(listener);
  await expect(post({ url, ...sent, timeoutMs: 50 })).rejects.toMatchObject({
    code: 'post-failed',
    message: 'no answer in time',
    retryable: true,
  });
});

test('an endless answer is not read to its end', async () => {
  const url = await serve((_request, response) => void response.write('x'.repeat(5_000)));
  await expect(post({ url, ...sent, maxAnswerBytes: 1_000 })).rejects.toMatchObject({
    message: 'an answer of more than 1000 bytes',
  });
});

test('an answer that is cut off is no answer', async () => {
  const url = await serve((_request, response) => {
    response.writeHead(200, { 'content-length': 100 });
    response.write('half', () => response.destroy());
  });
  await expect(post({ url, ...sent })).rejects.toMatchObject({ code: 'post-failed' });
});

test('the address is in no error', async () => {
  const url = new URL('http://127.0.0.1:1/secret-path');
  await expect(post({ url, ...sent })).rejects.toMatchObject({ message: 'ECONNREFUSED' });
});
